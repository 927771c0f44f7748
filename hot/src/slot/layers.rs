//! What may lie on top of a function's own code, and in which order.
//!
//! ```text
//! original  <  live edit
//! ```
//!
//! A call runs the topmost layer. A layer can be put on and taken off wherever it lies: the table
//! here remembers every layer of every function that was ever changed, and after each change
//! writes the topmost one into the slot. All changes go through one lock, so that two of them
//! cannot leave a slot with the older one's code. Callers never touch the lock.
//!
//! A commit of several functions is all or none towards other commits. Towards callers it is slot
//! by slot: a call that begins in between may run the new code of one function and the old code of
//! another, as it may when it was under way already.

use super::{Code, Slot, instances};
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Which code a function runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// The code that was compiled into the program.
    Original,
    /// The newest edit of its source.
    Live,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Original => "original",
            Layer::Live => "live",
        })
    }
}

/// New code for a function or for one instance of a generic function.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    /// The function's slot.
    pub slot: &'static Slot,
    /// For an instance of a generic function: the address of the body under which its trampoline
    /// asks. `None` for an ordinary function.
    pub instance: Option<usize>,
    /// The new code.
    pub target: *const (),
    /// The number of the patch that holds it; 0 for code from elsewhere.
    pub patch: u32,
}

/// The layers of one function or instance.
struct Layers {
    original: Code,
    /// The code, and the patch that holds it.
    live: Option<(Code, u32)>,
}

impl Layers {
    /// The topmost layer, its patch, its code.
    fn top(&self) -> (Layer, u32, Code) {
        match self.live {
            Some((code, patch)) => (Layer::Live, patch, code),
            None => (Layer::Original, 0, self.original),
        }
    }
}

/// By slot, and by body for instances.
type Table = HashMap<(usize, Option<usize>), Layers>;

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

fn with_table<R>(work: impl FnOnce(&mut Table) -> R) -> R {
    // A panic in here comes from an allocation at most, before anything is written: the table is
    // as good as before.
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    work(table.get_or_insert_default())
}

/// Makes these the live code of their functions. What lies above the live layer stays on top.
///
/// # Safety
/// Each target is the address of code, there for good, whose type is that of the function in the
/// slot (for an `async fn`: of the function that boxes its future). `instance` is given exactly for
/// the slots of generic functions.
pub(crate) unsafe fn commit_live(changes: &[Change]) {
    with_table(|table| {
        for change in changes {
            let key = (change.slot.address(), change.instance);
            let layers = match table.entry(key) {
                Occupied(entry) => entry.into_mut(),
                // Nothing but this table changes slots: one that is not in it holds its original.
                Vacant(entry) => entry.insert(Layers {
                    original: match change.instance {
                        Some(body) => Code(std::ptr::without_provenance(body)),
                        None => Code(change.slot.get()),
                    },
                    live: None,
                }),
            };
            layers.live = Some((Code(change.target), change.patch));
            let (_, _, code) = layers.top();
            match change.instance {
                Some(body) => instances::replace(change.slot, body, code),
                None => change.slot.set(code.0),
            }
        }
    });
}

/// The topmost layer of a function and the number of the patch that it runs, 0 for none; of a
/// generic function, of the instance that was changed most and last.
pub(crate) fn layer_of(slot: &Slot) -> (Layer, u32) {
    let slot = slot.address();
    with_table(|table| {
        let layers = table.iter().filter(|((of, _), _)| *of == slot);
        let tops = layers.map(|(_, layers)| layers.top()).map(|(layer, patch, _)| (layer, patch));
        tops.max().unwrap_or((Layer::Original, 0))
    })
}
