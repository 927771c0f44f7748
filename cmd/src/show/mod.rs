//! What people and other programs are told.
//!
//! Everything that happens is an [`Event`]. [`Show::tell`] writes it to the file of events, as
//! JSON, and to the terminal, as a person wants it.

pub mod events;
pub mod heard;
pub mod progress;
pub mod terminal;

pub use events::{Effect, Event, Events, Milliseconds, Next};
pub use heard::Heard;
pub use progress::Progress;
pub use terminal::Terminal;

/// Both audiences.
#[derive(Debug)]
pub struct Show {
    /// The person.
    pub terminal: Terminal,
    /// The programs.
    pub events: Events,
    /// What the person has heard of the compiler.
    pub heard: Heard,
}

impl Show {
    /// A warning of the compiler about a crate, if the person has not heard it yet.
    pub fn warning(&mut self, of: &str, text: &str) {
        if self.heard.is_news(of, text) || self.terminal.verbose {
            self.terminal.compiler(text);
        }
    }

    /// Tells both.
    pub fn tell(&mut self, event: &Event) {
        if let Err(error) = self.events.write(event) {
            self.terminal.warn(&format!(
                "failed to write to the file of events: {error}; what is \
                 missing there is written with a later event"
            ));
        }
        self.terminal.event(event);
    }
}
