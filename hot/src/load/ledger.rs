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

/// A loaded patch's image.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// The patch's name.
    pub(super) id: PatchId,
    /// Where its image begins.
    pub(super) base: u64,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its thread-locals: offsets from the thread pointer.
    pub(super) locals: Range<i64>,
}

impl Image {
    /// The addresses that it covers.
    pub(super) fn range(&self) -> Range<u64> {
        self.base..self.base + self.size
    }
}

static LOADED: ArcSwapOption<Vec<Image>> = ArcSwapOption::const_empty();

/// The images, oldest first.
pub(super) fn read() -> Arc<Vec<Image>> {
    LOADED.load_full().unwrap_or_default()
}

/// Writes down a patch whose image is sealed.
pub(super) fn add(patch: &Patch, image: &Sealed, locals: Range<i64>) {
    let image = Image { id: patch.id, base: image.base(), size: patch.image_size(), locals };
    LOADED.rcu(|images| {
        let mut images = images.as_deref().cloned().unwrap_or_default();
        images.push(image.clone());
        Some(Arc::new(images))
    });
}
