//! One reloader at a time in a process.
//!
//! Two would fight over the socket or share the lines of stdin between them. A second one reports
//! that and ends, unless the first is ending already: then it waits for it, so that a program may
//! stop a reloader and start the next at once.
//!
//! A child made by `fork` has a copy of all this and none of the threads: the reloader that it
//! remembers is its parent's, and it may start one of its own.

use super::stop::Stop;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Who has the turn, and in which process.
static HOLDER: Mutex<Option<(u32, Arc<Stop>)>> = Mutex::new(None);
static FREE: Condvar = Condvar::new();

/// How often one that waits looks whether it is asked to end itself.
const LOOK: Duration = Duration::from_millis(50);

/// The right to be the reloader; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn(());

impl Turn {
    /// Takes the turn; `None` when another reloader has it and keeps it, or when `stop` is asked
    /// for meanwhile.
    pub(super) fn take(stop: &Arc<Stop>) -> Option<Turn> {
        let mut holder = HOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        loop {
            match holder.as_ref().filter(|(of, _)| *of == process) {
                None => {
                    *holder = Some((process, Arc::clone(stop)));
                    return Some(Turn(()));
                }
                Some((_, other)) if other.requested() && !stop.requested() => {
                    let waited = FREE.wait_timeout(holder, LOOK);
                    holder = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => return None,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *HOLDER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        FREE.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_refused_unless_the_first_is_ending() {
        let stops: Vec<_> = (0..3).map(|_| Arc::new(Stop::new().unwrap())).collect();
        let first = Turn::take(&stops[0]).unwrap();
        assert!(Turn::take(&stops[1]).is_none());
        stops[0].request();
        let next = std::thread::spawn({
            let stop = Arc::clone(&stops[2]);
            move || Turn::take(&stop).is_some()
        });
        std::thread::sleep(Duration::from_millis(20));
        assert!(!next.is_finished());
        drop(first);
        assert!(next.join().unwrap());
    }
}
