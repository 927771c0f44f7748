//! The inputs of the state machine of a session.
//!
//! Inputs from outside come over one channel, from the threads that watch files, keys, signals and
//! the program. The others are the outcomes of actions, and take effect at once.

use super::state::{RestartReason, Startup};
use crate::keys::Key;
use crate::refusal::{Detail, Refusal};
use crate::watch::Touched;

/// An input from a thread, with the start of the program that it belongs to, if to one.
#[derive(Debug)]
pub struct Sent {
    /// The number of that start.
    pub start: Option<u32>,
    /// The input.
    pub input: Input,
}

/// An event outside of the session, or the outcome of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The session begins.
    Begin,
    /// Files were touched.
    Files(Touched),
    /// A key was pressed.
    Key(Key),
    /// The tool shall end. If the terminal said so, the program has received the signal as well.
    Stop {
        /// True if the terminal said so.
        by_terminal: bool,
    },
    /// The baseline has been read, as far as it could be.
    BaselineRead,
    /// The program's reloader listens.
    Connected,
    /// The program has had time enough to come to its reloader.
    Overdue,
    /// This process of a command has hot functions, and has had time enough to say hello.
    HelloTimeout(u32),
    /// The program, or the command that started it, has ended.
    Exited,
    /// The program that a command has started, this process, has ended.
    ChildExited(u32),

    /// Outcome: the first build failed, and was reported.
    NotBuilt,
    /// Outcome: a file changed that may be the fix of the first build.
    Fixed,
    /// Outcome: the program was built and started.
    Started,
    /// Outcome: the command was started.
    Launched(Startup),
    /// Outcome: the program was not restarted.
    NotRestarted {
        /// Why it should have been.
        why: String,
        /// True if there still is a program.
        runs: bool,
    },
    /// Outcome: a save is not kept for later, since the command is done building and no program has
    /// said hello.
    NotHeld(Touched),
    /// Outcome: only cargo can act on a save.
    RestartNeeded(RestartReason),
    /// Outcome: a save cannot go live.
    Refused {
        /// The kind.
        why: Refusal,
        /// Each item that stands in the way.
        details: Vec<Detail>,
        /// True if the program is about to be found dead.
        dying: bool,
    },
    /// Outcome: this process was taken for the command's program.
    Adopted {
        /// Its process ID.
        pid: u32,
        /// True if `running` was reported of an earlier one.
        reported: bool,
    },
    /// Outcome: the command's program has ended, and the command goes on.
    Lost,
    /// Outcome: the program was waited for.
    Ended {
        /// Its status as a shell reports it.
        status: u8,
        /// Its process ID, or the command's.
        pid: u32,
    },
    /// Outcome: the program was waited for, after the user has ended it together with the tool.
    Stopped,
}
