//! The patches that are in the process, for good.

use super::place::Sealed;
use hot_patch::patch::{Patch, PatchId};
use std::sync::{Mutex, MutexGuard};

/// A loaded patch's image.
#[derive(Debug)]
pub(super) struct Image {
    /// The patch's name.
    pub(super) id: PatchId,
    /// Where its image begins.
    pub(super) base: u64,
    /// Its size in bytes.
    pub(super) size: u64,
}

static LOADED: Mutex<Vec<Image>> = Mutex::new(Vec::new());

/// The images, oldest first.
pub(super) fn read() -> MutexGuard<'static, Vec<Image>> {
    // The list is only pushed to, so a panic elsewhere cannot have left it half changed.
    LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Writes down a patch whose image is sealed.
pub(super) fn add(patch: &Patch, image: &Sealed) {
    read().push(Image { id: patch.id, base: image.base(), size: patch.image_size() });
}
