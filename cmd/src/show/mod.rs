//! What people and other programs are told.
//!
//! Everything that happens is an [`Event`]. [`Show::tell`] writes it to the file of events, as
//! JSON, and to the terminal, as a person wants it.

pub mod events;
pub mod terminal;

pub use events::{Event, Events, Milliseconds, Next};
pub use terminal::Terminal;

/// Both audiences.
#[derive(Debug)]
pub struct Show {
    /// The person.
    pub terminal: Terminal,
    /// The programs.
    pub events: Events,
}

impl Show {
    /// Tells both.
    pub fn tell(&mut self, event: &Event) {
        if let Err(error) = self.events.write(event) {
            self.terminal.warn(&format!("failed to write to the file of events: {error}"));
        }
        self.terminal.event(event);
    }
}
