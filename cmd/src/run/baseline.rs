//! The baseline of a program, read in the background while the program already runs.

use crate::build::Build;
use crate::diff::DiffSession;
use anyhow::{Result, anyhow};
use std::thread::JoinHandle;

/// The differ's knowledge of one start of the program, or how far reading it has come.
pub enum Baseline {
    /// There is no program.
    Absent,
    /// It is being read.
    Reading(JoinHandle<Result<DiffSession, String>>),
    /// It is known.
    Ready(Box<DiffSession>),
    /// It could not be read: no edit can go live until the next start.
    Failed(String),
}

impl Baseline {
    /// Begins to read the executable and its objects; `done` is called when it is over.
    pub fn read(build: &Build, done: impl FnOnce() + Send + 'static) -> Baseline {
        let build = build.clone();
        let read = move || {
            let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<_> {
                Ok(DiffSession::new(&build.executable, build.objects()?, build.archives)?)
            }));
            done();
            match read {
                Ok(read) => read.map_err(|error| format!("{error:#}")),
                Err(panic) => Err(panic_message(&*panic)),
            }
        };
        match std::thread::Builder::new().name("read".into()).spawn(read) {
            Ok(thread) => Baseline::Reading(thread),
            Err(error) => Baseline::Failed(format!("failed to start a thread: {error}")),
        }
    }

    /// Reports whether reading is over.
    pub fn is_over(&self) -> bool {
        match self {
            Baseline::Absent => false,
            Baseline::Reading(thread) => thread.is_finished(),
            Baseline::Ready(_) | Baseline::Failed(_) => true,
        }
    }

    /// Returns what runs, after waiting for it.
    ///
    /// # Errors
    /// The sentence why it could not be read.
    pub fn get(&mut self) -> Result<&mut DiffSession> {
        if let Baseline::Reading(_) = self
            && let Baseline::Reading(thread) = std::mem::replace(self, Baseline::Absent)
        {
            *self = match thread.join() {
                Ok(Ok(session)) => Baseline::Ready(Box::new(session)),
                Ok(Err(why)) => Baseline::Failed(why),
                Err(panic) => Baseline::Failed(panic_message(&*panic)),
            };
        }
        match self {
            Baseline::Ready(session) => Ok(session),
            Baseline::Failed(why) => Err(anyhow!("failed to read what runs: {why}")),
            Baseline::Absent | Baseline::Reading(_) => Err(anyhow!("there is no program")),
        }
    }
}

/// Returns the message of a panic.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a fault in hot itself: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
