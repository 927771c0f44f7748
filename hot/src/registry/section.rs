//! The entries that were linked into this program.
//!
//! Each entry is a `#[used]` static in the section `hot_entries`; the linker puts them side by side
//! and defines `__start_hot_entries` and `__stop_hot_entries` around them. So functions register
//! without code before `main` and without a central list. The linker defines the two only where the
//! section exists: [`ANCHOR`] makes it exist in every program.

use super::entry::Entry;
use crate::slot::Slot;
use hot_patch::abi::Kind;

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
compile_error!(
    "hot keeps its registry in ELF link sections, which this target does not have: build for it \
     with `default-features = false`, which leaves `#[hot]` functions as they are written"
);

#[unsafe(link_section = "hot_slots")]
static ANCHOR_SLOT: Slot = Slot::new(std::ptr::null());

#[used]
#[unsafe(link_section = "hot_entries")]
static ANCHOR: Entry = Entry::new(
    Kind::Anchor,
    line!(),
    &ANCHOR_SLOT,
    std::ptr::null(),
    concat!(module_path!(), "\0\0ANCHOR\0\0", file!(), "\0"),
    None,
);

unsafe extern "C" {
    // The linker's, at the first byte of the section and after the last. They are not objects:
    // only their addresses mean anything.
    #[link_name = "__start_hot_entries"]
    static START: u8;
    #[link_name = "__stop_hot_entries"]
    static STOP: u8;
}

/// Returns all entries of the program, markers included.
pub(super) fn entries() -> &'static [Entry] {
    let (start, stop) = (&raw const START, &raw const STOP);
    let count = (stop.addr() - start.addr()) / size_of::<Entry>();
    // SAFETY: between the two symbols lie the statics of this section and nothing else: entries,
    // all of one size that is a multiple of their alignment, so without gaps. They are never
    // written to. Entries of another version of this crate have the same size (an agreement of
    // `hot_patch::abi`) and are recognised by their first field.
    unsafe { std::slice::from_raw_parts(start.cast::<Entry>(), count) }
}
