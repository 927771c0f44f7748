//! What runs, read in the background while the program already does.

use crate::build::Build;
use crate::diff::DiffSession;
use anyhow::{Result, anyhow};
use std::thread::JoinHandle;

/// The world of one start of the program.
pub enum Reading {
    /// There is no program yet.
    Nothing,
    /// It is being read.
    Pending(JoinHandle<Result<DiffSession, String>>),
    /// It is known.
    Ready(Box<DiffSession>),
    /// It could not be read: no edit can go live until the next start.
    Failed(String),
}

impl Reading {
    /// Begins to read the executable and its objects; `done` is called when it is over.
    pub fn begin(build: &Build, done: impl FnOnce() + Send + 'static) -> Reading {
        let build = build.clone();
        let read = move || {
            let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let crates = build.objects().map_err(|error| format!("{error:#}"))?;
                DiffSession::new(&build.executable, crates, build.archives)
                    .map_err(|error| chain(&error))
            }));
            done();
            read.unwrap_or_else(|panic| Err(said(&*panic)))
        };
        match std::thread::Builder::new().name("read".into()).spawn(read) {
            Ok(thread) => Reading::Pending(thread),
            Err(error) => Reading::Failed(format!("failed to start a thread: {error}")),
        }
    }

    /// Whether reading is over.
    pub fn is_over(&self) -> bool {
        match self {
            Reading::Nothing => false,
            Reading::Pending(thread) => thread.is_finished(),
            Reading::Ready(_) | Reading::Failed(_) => true,
        }
    }

    /// The world, after waiting for it.
    ///
    /// # Errors
    /// The sentence why it could not be read.
    pub fn get(&mut self) -> Result<&mut DiffSession> {
        if let Reading::Pending(_) = self
            && let Reading::Pending(thread) = std::mem::replace(self, Reading::Nothing)
        {
            *self = match thread.join() {
                Ok(Ok(world)) => Reading::Ready(Box::new(world)),
                Ok(Err(why)) => Reading::Failed(why),
                Err(panic) => Reading::Failed(said(&*panic)),
            };
        }
        match self {
            Reading::Ready(world) => Ok(world),
            Reading::Failed(why) => Err(anyhow!("failed to read what runs: {why}")),
            Reading::Nothing | Reading::Pending(_) => Err(anyhow!("there is no program")),
        }
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// What a panic said.
pub fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a fault in hot itself: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
