//! Loads a patch into this process: verify, map, relocate, seal, register, commit.
//!
//! The tool has decided everything that can be decided outside (what is in the patch, how it is
//! laid out, which offsets of the executable it refers to); what is left is short enough to read
//! in one sitting. The steps, in the order of the files:
//!
//! 1. **verify** ([`verify`]): the file's own checks (magic, format, checksum, offsets; crate
//!    `hot-patch`), then that it is for this processor, for this very build, and that the patches
//!    it refers to are here and it is not;
//! 2. **bind** ([`bind`]): each base that a relocation names becomes an address; new thread-locals
//!    get their room ([`tls`]), the same on every thread;
//! 3. **place** ([`place`]): pages within reach of the executable, or at least of what the patch
//!    refers to, writable for now;
//! 4. **relocate** ([`relocate`]): the few fields that only the process can fill in;
//! 5. **seal**: text executable, constants read-only, never writable and executable at once;
//! 6. **unwind**: the patch's frames become known to the unwinder, so that a panic passes through;
//! 7. **debug** ([`debug`]): its code becomes known to backtraces and debuggers;
//! 8. **commit** ([`commit`]): slots checked first, then constructors, then all slots at once.
//!
//! Up to the commit nothing in the process refers to the patch, so any failure gives the pages
//! back and leaves the process as it was. After it they are never given back: a frame on some
//! stack, a pointer in some struct or a vtable in some box may lead into them.

mod arch;
mod bind;
mod commit;
mod debug;
mod loaded_patches;
mod os;
mod place;
mod relocate;
mod tls;
mod verify;

// They load patches for hot functions of their own, which must have slots.
#[cfg(all(test, feature = "enabled", target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod tests;

use hot_patch::patch::{Patch, PatchError, PatchId};
use os::{Os, Platform};
use std::sync::Mutex;
use std::time::Duration;

/// A patch that has been loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Which patch.
    pub(crate) id: PatchId,
    /// Its number in this process, from 1.
    pub(crate) number: u32,
    /// Names of the functions whose slots were swapped.
    pub(crate) functions: Vec<String>,
}

/// Why a patch was not loaded. The process is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The bytes are not a usable patch.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// It is a patch, but not for this process.
    #[error(transparent)]
    Verify(#[from] verify::Mismatch),
    /// No room.
    #[error(transparent)]
    Place(#[from] place::NoRoom),
    /// No room for its thread-locals.
    #[error(transparent)]
    Tls(#[from] tls::NoTls),
    /// Something that it refers to is not here.
    #[error(transparent)]
    Bind(#[from] bind::Unbound),
    /// A value does not fit its field.
    #[error(transparent)]
    Relocate(#[from] relocate::OutOfReach),
    /// A slot that it would swap is not one.
    #[error(transparent)]
    Commit(#[from] commit::Rejected),
}

/// One load at a time: placing, the ledger and the order of commits depend on it.
static LOADING: Mutex<()> = Mutex::new(());

/// Verifies, maps, relocates and commits a patch file.
///
/// # Errors
/// One [`LoadError`] for the first thing that is wrong; the process goes on with the code it had.
///
/// # Safety
/// The patch is native code that will run in this process: it must come from whom the program
/// trusts, and must have been made for this program by the tool (the build ID is checked, but a
/// forged patch can carry any).
pub(crate) unsafe fn load(file: &[u8]) -> Result<Loaded, LoadError> {
    // A panic while the lock was held left nothing half done that the next load would see: every
    // step before the commit works on pages of its own.
    let _one = LOADING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());

    let patch = Patch::from_bytes(file)?;
    let required = verify::verify(&patch, Platform::host(), &loaded_patches::list())?;
    let room = tls::reserve(patch.locals)?;
    let mut bases = bind::bind(&patch, room.offsets(), Platform::host(), required)?;
    let mut pages = place::take(Platform::host(), &bases.window(&patch), patch.image_size())?;
    bases.place_image(pages.base());
    pages.write(0, &patch.text);
    pages.write(patch.read_only_offset(), &patch.read_only);
    pages.write(patch.data_offset(), &patch.data);
    relocate::relocate(&patch, &bases, &mut pages)?;
    // The registry entries are read where they lie, which is after relocation; the slots are
    // checked while the pages can still be given back.
    let plan = commit::check(&patch, &bases, &pages)?;
    let image = pages.seal(patch.read_only_offset(), patch.data_offset())?;
    let number = loaded_patches::record(&patch, &image, room.offsets());
    room.keep();
    if let Some(offset) = patch.unwind {
        // SAFETY: the offset lies in the read-only part (checked by `Patch::from_bytes`), where
        // the tool has put a zero-terminated `.eh_frame` whose pointers were just relocated; the
        // image is never unmapped, so the unwinder may keep the pointer.
        unsafe { Platform::register_frames(image.at(offset)) };
    }
    debug::publish(&patch, image.base());
    // SAFETY: the caller vouches for the patch; its image is sealed and known to the unwinder.
    let functions = unsafe { plan.run(&patch, &image, number) };
    Ok(Loaded { id: patch.id, number, functions })
}

/// Says that patches may come: backtraces made from here on will know them.
pub(crate) fn announce() {
    debug::announce();
}

/// Returns the patches loaded so far, oldest first.
pub(crate) fn loaded() -> Vec<PatchId> {
    loaded_patches::list().iter().map(|image| image.id).collect()
}

/// Returns the patch with a number, and how long it has been loaded.
pub(crate) fn patch(number: u32) -> Option<(PatchId, Duration)> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    loaded_patches::list().get(index).map(|image| (image.id, image.loaded.elapsed()))
}

/// Build ID of the running executable; empty when it has none.
pub(crate) fn build_id() -> &'static [u8] {
    &Platform::host().build_id
}
