//! Loads a patch into this process.
#![allow(dead_code)]

use hot_patch::patch::PatchId;

/// What a loaded patch has done.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub id: PatchId,
    /// Names of the functions whose slots were swapped.
    pub functions: Vec<String>,
}

/// Why a patch was not loaded. The process is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {}

/// Verifies, maps, relocates and commits a patch file.
///
/// # Safety
/// The patch is native code that will run in this process: it must come from whom the program
/// trusts.
pub(crate) unsafe fn load(_patch: &[u8]) -> Result<Loaded, LoadError> {
    todo!()
}

/// The patches loaded so far, oldest first.
pub(crate) fn loaded() -> Vec<PatchId> {
    Vec::new()
}

/// Build ID of the running executable; empty when it has none.
pub(crate) fn build_id() -> &'static [u8] {
    &[]
}
