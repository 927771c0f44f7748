//! The outputs of the state machine of a session.

use super::state::{RestartReason, Startup};
use crate::refusal::{Detail, Refusal};
use crate::show::Next;
use crate::watch::Touched;

/// A thing to do. Some have an outcome, which is the next input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Build with cargo for the first time, and start the program.
    BuildFirst,
    /// Run the command for the first time.
    Launch,
    /// Begin to read keys.
    ReadKeys,
    /// Look whether a file may be the fix of the first build.
    LookForFix(Touched),
    /// Keep a save for the time when the program is there.
    Hold(Touched),
    /// Answer the save that was kept, if there is one.
    ReplayHeld,
    /// Answer a save.
    Save(Touched),
    /// Report that the save cannot go live.
    Refuse {
        /// The kind.
        why: Refusal,
        /// Each item that stands in the way.
        details: Vec<Detail>,
        /// The consequence.
        next: Next,
        /// True if only the dry run keeps the program from being restarted. Then the files wait
        /// for its end.
        held: bool,
    },
    /// Build, by cargo or the command, and only then replace the program.
    Restart {
        /// Why.
        why: String,
        /// The refusal that leads to it, if it was not reported yet.
        refused: Option<Refusal>,
    },
    /// Report that edits can go live, or why not.
    Announce,
    /// Find out which process of the command says hello.
    Greet,
    /// Take this process for the command's program, although it does not say hello.
    Adopt(u32),
    /// Forget what earlier saves have left undone: it is part of what runs.
    Settle,
    /// Report that the program was restarted.
    ReportRestarted {
        /// Its process ID.
        pid: u32,
        /// Why.
        why: String,
    },
    /// Load what was built before the program listened.
    CatchUp,
    /// Warn of a program that has not come to its reloader.
    WarnNotListening,
    /// Wait for the program, which has ended.
    Reap,
    /// Notice that the command's program, this process, has ended.
    Lose(u32),
    /// Report that the program has ended, with this status.
    ReportExited(u8),
    /// Report that the command has ended without a program, with this status.
    ReportCommandFailed(u8),
    /// Prepare for a save that starts the program again.
    AwaitSave,
    /// End the program.
    Stop {
        /// True if it has received the terminal's signal.
        by_terminal: bool,
    },
    /// Load what the dry run has held back.
    LoadHeldBack,
    /// Report the files that the dry run has held back as one change.
    ReportHeldBack,
    /// Write a line for a person.
    Note(&'static str),
    /// Wipe the screen.
    Clear,
    /// Report more, or less.
    ToggleVerbose,
}

impl Action {
    /// Makes the report of a refusal that is one reason.
    pub fn refuse(reason: RestartReason, held: bool) -> Action {
        let details = vec![Detail::sentence(reason.why)];
        Action::Refuse { why: reason.kind, details, next: Next::Keep, held }
    }

    /// Makes the action that leads to this start, which was not reported yet.
    pub fn report(startup: &Startup, pid: u32) -> Vec<Action> {
        let Startup::Restart { why, refused } = startup else { return Vec::new() };
        let refusal = refused.map(|kind| Action::Refuse {
            why: kind,
            details: vec![Detail::sentence(why.clone())],
            next: Next::Restart,
            held: false,
        });
        let restarted = Action::ReportRestarted { pid, why: why.clone() };
        refusal.into_iter().chain([restarted]).collect()
    }
}
