//! One load after another, whatever they come from and whatever becomes of them.
//!
//! A file is known by its first bytes, not by its name: a hot patch goes to the object loader, a
//! shared library to the dynamic linker. A lock around both keeps loads in one order for the whole
//! process, and a panic on the way becomes an error like any other: both loaders commit last, so
//! that nothing is half done.

use super::reloader::Reloader;
use super::report::Report;
use crate::file;
use crate::load::{self, Loaded};
use crate::panic_message::panic_message;
use hot_patch::patch;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// First bytes of an ELF file.
const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// The kind of a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Patch,
    Library,
}

impl Kind {
    pub(super) fn of(bytes: &[u8]) -> Option<Kind> {
        if bytes.starts_with(&patch::MAGIC) {
            Some(Kind::Patch)
        } else {
            bytes.starts_with(&ELF_MAGIC).then_some(Kind::Library)
        }
    }
}

/// Loads the file and reports the outcome.
pub(crate) fn path_and_report(reloader: &Reloader, path: &Path) {
    let begun = Instant::now();
    let owned = Some(path.to_owned());
    reloader.report(&match load_file(path) {
        Ok(functions) => Report::Reloaded { path: owned, functions, time: begun.elapsed() },
        Err(why) => {
            let message = format!("failed to load `{}`: {why}", path.display());
            Report::Failed { path: owned, message }
        }
    });
}

/// Loads a patch that the tool has sent.
pub(super) fn patch(bytes: &[u8]) -> Result<Loaded, String> {
    one_at_a_time(|| {
        // SAFETY: the bytes come from the control socket, which whoever started the program has
        // named and which serves the program's own user only; that user can run any code here.
        unsafe { load::load(bytes) }.map_err(|error| error.to_string())
    })
}

fn load_file(path: &Path) -> Result<Vec<String>, String> {
    let bytes = file::read(path).map_err(|error| error.to_string())?;
    match Kind::of(&bytes) {
        Some(Kind::Patch) => one_at_a_time(|| {
            // SAFETY: `worker::choose` lets paths through only in builds with debug assertions,
            // made for the developer at the keyboard, or where the caller of
            // `Reloader::trust_paths` has vouched for who can name them.
            unsafe { load::load(&bytes) }.map_err(|error| error.to_string())
        })
        .map(|loaded| loaded.functions),
        Some(Kind::Library) => one_at_a_time(|| {
            // SAFETY: as above.
            unsafe { crate::library::load(path, bytes) }.map_err(|error| error.to_string())
        }),
        None if bytes.is_empty() => Err("the file is empty".into()),
        None => Err("it is neither a hot patch nor a shared library".into()),
    }
}

fn one_at_a_time<T>(load: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static LOADING: Mutex<()> = Mutex::new(());
    // Poison cannot be: panics are caught inside.
    let _one = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    catch_unwind(AssertUnwindSafe(load))
        .unwrap_or_else(|payload| Err(format!("loading it panicked: {}", panic_message(&*payload))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_panic_becomes_an_error_and_the_next_load_goes_on() {
        let panicked = one_at_a_time::<()>(|| panic!("the number {}", 7)).unwrap_err();
        assert_eq!(panicked, "loading it panicked: the number 7");
        assert_eq!(one_at_a_time(|| Ok(1)), Ok(1));
    }

    #[test]
    fn loads_do_not_overlap() {
        let (inside, loads) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    one_at_a_time(|| {
                        // Sequentially consistent, as the counts are what is tested.
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        loads.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(loads.into_inner(), 8);
    }
}
