//! The states of a session.
//!
//! | state | program | a save |
//! | --- | --- | --- |
//! | [`Phase::Unbuilt`] | none yet | builds, if it may be the fix |
//! | [`Phase::Starting`] | a command runs and builds it | is kept until it is there |
//! | [`Phase::Running`] | runs | goes live, or restarts it |
//! | [`Phase::Between`] | has ended, its command has not | runs the command again |
//! | [`Phase::Waiting`] | has ended | starts it again |
//! | [`Phase::Over`] | none any more | |
//!
//! [`step`](super::step::step) is the one place where they change.

use crate::refusal::Refusal;

/// Status of the tool after Ctrl-C.
pub const STOPPED: u8 = 130;
/// Status of the tool when the first build fails.
pub const NOTHING: u8 = 101;

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Which program there is.
    pub phase: Phase,
    /// The fate of saves that can go live.
    pub mode: Mode,
}

/// The life of the program, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was built yet.
    Unbuilt,
    /// A command runs, and its program is awaited.
    Starting(Startup),
    /// The program runs. If the last build by cargo failed, the next save needs cargo, for this
    /// reason.
    Running(Option<String>),
    /// The command's program has ended, and the command goes on. The next save runs it again, for
    /// this reason.
    Between(String),
    /// Nothing runs. The next save starts the program again, for this reason.
    Waiting(String),
    /// The session is over, with this status of the tool.
    Over(u8),
}

/// The start of a command, and what is reported when its program comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Startup {
    /// The first one.
    First,
    /// A restart.
    Restart {
        /// Why.
        why: String,
        /// The refusal that led to it, if it is to be reported then.
        refused: Option<Refusal>,
    },
}

/// The fate of a save that can go live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is loaded.
    Live,
    /// It is judged only.
    DryRun {
        /// The restart that was held back.
        held: Option<RestartReason>,
    },
}

/// A reason for a build by cargo and a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartReason {
    /// [`Refusal::Restart`] for a change that is cargo's; otherwise why no edit of the current
    /// build can go live, which is reported as a refusal once the change is known to compile.
    pub kind: Refusal,
    /// In a sentence.
    pub why: String,
}

/// The user's options, as far as transitions depend on them.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// True if a command of the user's builds and starts the program.
    pub by_command: bool,
    /// True if the program may be restarted.
    pub restart: bool,
    /// True if a fix is waited for when the first build fails.
    pub wait: bool,
    /// True if a save is waited for when the program has failed: somebody is there to mend it.
    pub attended: bool,
}

impl State {
    /// Makes the state of a session that begins.
    pub fn new(dry_run: bool) -> State {
        let mode = if dry_run { Mode::DryRun { held: None } } else { Mode::Live };
        State { phase: Phase::Unbuilt, mode }
    }

    /// Reports whether saves are judged only.
    pub fn is_dry_run(&self) -> bool {
        matches!(self.mode, Mode::DryRun { .. })
    }

    /// Returns why the next save needs cargo, whatever it changes.
    pub fn restart_due(&self) -> Option<RestartReason> {
        let why = match &self.phase {
            Phase::Starting(Startup::Restart { why, .. })
            | Phase::Running(Some(why))
            | Phase::Between(why)
            | Phase::Waiting(why) => why.clone(),
            Phase::Unbuilt
            | Phase::Starting(Startup::First)
            | Phase::Running(None)
            | Phase::Over(_) => {
                return match &self.mode {
                    Mode::DryRun { held } => held.clone(),
                    Mode::Live => None,
                };
            }
        };
        Some(RestartReason { kind: Refusal::Restart, why })
    }
}
