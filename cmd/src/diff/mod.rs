//! From new objects to a patch: what changed, what must come with it, what binds where.
//!
//! The rest of the tool sees only this face: a [`DiffSession`] that knows what runs, and
//! [`DiffSession::judge`], which turns freshly compiled objects into one [`Verdict`]. Its phases
//! are the inner rooms, in this order; each imports only those before it:
//!
//! 1. `object` cuts each object file into atoms (a function, a static, a constant each), and reads
//!    archives and the registry that `#[hot]` leaves in objects;
//! 2. `live` knows what is in the process: the executable's symbols, and where each version is;
//! 3. `change` finds again what rustc has renamed, finds what differs from what runs, and whoever
//!    calls it, up to the hot functions;
//! 4. `check` compares the types of all that old and new code share, by [`crate::layout`] where
//!    they are described, by sizes and tables of methods where they are not;
//! 5. `link` selects what goes into the patch, binds the rest to the running process and writes the
//!    image;
//! 6. `impact` says what a save changed for a person, what of it is not live, why, and who may
//!    still hold old code.
//!
//! `policy` holds the guards by name, `session` the order of the phases, `verdict` their result.

mod change;
mod check;
mod impact;
mod link;
mod live;
mod object;
mod policy;
mod session;
mod verdict;

pub use impact::{NotApplied, Once, Partly, Retained};
pub use live::registered;
pub use object::{Archives, CrateObjects, DiffError};
#[doc(hidden)]
pub use policy::{Guard, Guards};
pub use session::DiffSession;
pub use verdict::{Prepared, Verdict};
