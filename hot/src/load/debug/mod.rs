//! Lets backtraces, debuggers and profilers read the code of patches.
//!
//! The tool sends with a patch an ELF file that describes its code ([`hot_patch::patch::Debug`]).
//! Three kinds of reader want it in three ways:
//!
//! - **Backtraces** of std ask the dynamic loader once, at the first backtrace, which objects there
//!   are, and open an object's file when an address in it is first asked for. A patch comes later
//!   than that. So the room in which patches are placed is announced in advance ([`room`]), cut
//!   into slots with the names of files that do not exist yet; a patch's file is written under the
//!   names of its slots before its code can run.
//! - **gdb and lldb** are given a copy in memory, through the interface that was made for
//!   just-in-time compilers; whether they are attached already or attach later.
//! - **perf** reads a list of names in the temporary folder, written when `HOT_PERF_MAP` is set
//!   ([`perf`]).
//!
//! None of this can make a load fail: where something does not work (no folder to write to, a room
//! that is full), names are missing from a backtrace, and everything else is as ever.

mod perf;
mod room;

use super::os::{Os, Platform};
use hot_patch::patch::Patch;
pub(super) use room::announce;

/// Makes a sealed image known, before its code can run.
pub(super) fn publish(patch: &Patch, image: u64) {
    perf::record(&patch.functions, image);
    let Some(debug) = &patch.debug else { return };
    room::write(debug, image..image + patch.image_size());
    // It stays, as the image does.
    Platform::register_with_debugger(debug.at(image).leak());
}
