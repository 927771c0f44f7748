//! Reports to people and to other programs.
//!
//! Everything that happens is an [`Event`]. [`Show::report`] writes it to the file of events, as
//! JSON, and to the terminal, as a person wants it.

pub mod events;
pub mod progress;
pub mod terminal;
pub mod warnings;

pub use events::{Effect, Event, Events, Milliseconds, Next};
pub use progress::Progress;
pub use terminal::Terminal;
pub use warnings::{WarningDedup, crate_label};

/// Both audiences.
#[derive(Debug)]
pub struct Show {
    /// The person.
    pub terminal: Terminal,
    /// The programs.
    pub events: Events,
    /// The warnings of the compiler that the person has seen.
    pub warnings: WarningDedup,
}

impl Show {
    /// Reports a warning of the compiler about a crate, if the person has not seen it yet.
    pub fn warning(&mut self, of: &str, text: &str) {
        if self.warnings.is_news(of, text) || self.terminal.verbose {
            self.terminal.compiler(text);
        }
    }

    /// Reports an event to both.
    pub fn report(&mut self, event: &Event) {
        if let Err(error) = self.events.write(event) {
            self.terminal.warn(&format!(
                "failed to write to the file of events: {error}; what is \
                 missing there is written with a later event"
            ));
        }
        self.terminal.event(event);
    }
}
