//! Why a patch was not loaded or not unloaded, in sentences.

use crate::library::LibraryError;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Why a patch was not loaded or not unloaded. The program runs what it ran before, except after
/// [`PatchError::AfterUnload`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The file cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no patch for this program.
    #[error("{}: {why}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// It is loaded already, as a file with the same bytes.
    #[error("the patch is loaded already: unload {hp_id} first to load it again")]
    AlreadyLoaded {
        /// Its ID.
        hp_id: String,
    },
    /// No patch of this ID is loaded.
    #[error("no patch {hp_id} is loaded")]
    NotLoaded {
        /// The ID that was given.
        hp_id: String,
    },
    /// The patch has no function of a name that it shall replace another by.
    #[error("the patch has no function `{symbol}`: {}", has(functions))]
    UnknownSymbol {
        /// The name.
        symbol: String,
        /// The names of its functions.
        functions: Vec<String>,
    },
    /// It replaces nothing.
    #[error(
        "the patch would replace nothing: name what it replaces, `{{\"replace_config\": \
         {{\"NEW_FUNCTION\": \"package/function\"}}}}`; {}",
        has(functions)
    )]
    Empty {
        /// The names of its functions.
        functions: Vec<String>,
    },
    /// A hook is not of the type of hooks.
    #[error(
        "`{hook}` is `{given}`, and a hook is `fn() -> Result<(), hot::patch::HookError>`: nothing of \
         the patch was run"
    )]
    HookType {
        /// Its name.
        hook: &'static str,
        /// Its type.
        given: String,
    },
    /// A hook that runs before has stopped it. Nothing was changed.
    #[error("`{hook}` of the patch {hp_id} stopped it: {failure}")]
    Stopped {
        /// The patch.
        hp_id: String,
        /// Which hook.
        hook: &'static str,
        /// How.
        failure: HookFailure,
    },
    /// `hp_after_load` has failed, and the load was undone.
    #[error(
        "`hp_after_load` of the patch {hp_id} failed, and it is out again: {failure}{}",
        besides(undoing)
    )]
    AfterLoad {
        /// The patch.
        hp_id: String,
        /// How.
        failure: HookFailure,
        /// Further failures while it was undone, a sentence each.
        undoing: Vec<String>,
    },
    /// `hp_after_unload` has failed. The patch is out all the same.
    #[error("the patch {hp_id} is out, and its `hp_after_unload` failed: {failure}")]
    AfterUnload {
        /// The patch.
        hp_id: String,
        /// How.
        failure: HookFailure,
    },
    /// A hook has asked for a load or an unload, which would wait for the one that the hook is of.
    #[error("a hook cannot load or unload patches: the operation that runs it has not ended")]
    InHook,
}

impl PatchError {
    pub(super) fn library(path: PathBuf, error: LibraryError) -> PatchError {
        match error {
            LibraryError::Copy(source) => PatchError::File { path, source },
            other => PatchError::Unfit { path, why: other.to_string() },
        }
    }
}

/// How a hook failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookFailure {
    /// It returned an error.
    Error(String),
    /// It panicked.
    Panic(String),
    /// It did not return in time. Its thread is left behind.
    TimedOut(Duration),
    /// There is no thread to run it on.
    NoThread(String),
}

impl fmt::Display for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookFailure::Error(error) => f.write_str(error),
            HookFailure::Panic(message) => write!(f, "it panicked: {message}"),
            HookFailure::TimedOut(after) => {
                write!(f, "it did not return within {after:?}; its thread is left behind")
            }
            HookFailure::NoThread(why) => write!(f, "there is no thread to run it on: {why}"),
        }
    }
}

fn has(functions: &[String]) -> String {
    match functions {
        [] => "it has none; write `#[hot::patch_fn]` on them".to_owned(),
        names => format!("it has {}", names.join(", ")),
    }
}

fn besides(undoing: &[String]) -> String {
    undoing.iter().map(|failure| format!("; while undoing: {failure}")).collect()
}
