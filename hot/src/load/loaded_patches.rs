//! The patches that are in the process, for good.
//!
//! The list is replaced whole when a patch is added (one load at a time, under the loader's lock),
//! so whoever reads it has a consistent list and waits for no load: a reply to the tool, later an
//! unwinder in the middle of a panic.

use super::place::Sealed;
use arc_swap::ArcSwapOption;
use hot_patch::patch::{Patch, PatchId};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// A loaded patch's image.
#[derive(Clone, Debug)]
pub(super) struct LoadedPatch {
    /// The patch's name.
    pub(super) id: PatchId,
    /// Where its image begins.
    pub(super) base: u64,
    /// Its size in bytes.
    pub(super) size: u64,
    /// When it was loaded.
    pub(super) loaded: Instant,
    /// Its thread-locals: offsets from the thread pointer.
    pub(super) locals: Range<i64>,
}

impl LoadedPatch {
    /// Returns the addresses that it covers.
    pub(super) fn range(&self) -> Range<u64> {
        self.base..self.base + self.size
    }
}

static LOADED: ArcSwapOption<Vec<LoadedPatch>> = ArcSwapOption::const_empty();

/// Returns the images, oldest first.
pub(super) fn list() -> Arc<Vec<LoadedPatch>> {
    LOADED.load_full().unwrap_or_default()
}

/// Writes down a patch whose image is sealed; answers its number, from 1.
pub(super) fn record(patch: &Patch, image: &Sealed, locals: Range<i64>) -> u32 {
    let (base, size, loaded) = (image.base(), patch.image_size(), Instant::now());
    let image = LoadedPatch { id: patch.id, base, size, loaded, locals };
    LOADED.rcu(|images| {
        let mut images = images.as_deref().cloned().unwrap_or_default();
        images.push(image.clone());
        Some(Arc::new(images))
    });
    u32::try_from(list().len()).unwrap_or(u32::MAX)
}
