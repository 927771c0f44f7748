//! `hot run` and `hot exec`: one save from beginning to end.
//!
//! A session is a state machine ([`state`]). Everything that happens is an [`input`]; [`step`]
//! turns a state and an input into the next state and [`action`]s, and looks at nothing else;
//! [`drive`] is the loop that performs them.
//!
//! - [`detect`] finds which files a save changed and what they ask for, [`save`] follows it: rustc
//!   for the crates concerned, the verdict over their objects, the patch into the program.
//! - [`launch`] builds, by cargo or a command of the user's, and starts and stops the program;
//!   [`baseline`] is what is known of what runs.

mod action;
mod baseline;
mod detect;
mod drive;
mod input;
mod launch;
mod options;
mod save;
mod session;
mod state;
mod step;

pub use drive::run;
pub use options::Options;
