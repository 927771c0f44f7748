//! From the changed code to a patch.
//!
//! 1. `select` follows the references from the bodies whose slots are swapped; `bind` and `own`
//!    bind each name to what runs, or have it come with the patch. `sra` knows statics that the
//!    optimiser has taken apart, `tls` lays new thread-locals out.
//! 2. `addresses` gives everything an address, the stubs, the global offset table (`entries`) and
//!    the `unwind` table included.
//! 3. `emit` writes the `image` and applies the relocations, `tls_relax` those of thread-locals.
//! 4. `debuginfo` describes the code to debuggers.

mod addresses;
mod bind;
mod debuginfo;
mod emit;
mod entries;
mod image;
mod linked;
mod own;
mod select;
mod selection;
mod sra;
mod tls;
mod tls_relax;
mod unwind;

pub use linked::{Linked, link};
