//! The check that a well-formed patch is for this process, now.

use super::arch::{Arch, Processor};
use super::loaded_patches::LoadedPatch;
use super::os::Host;
use hot_patch::patch::{Architecture, Patch, PatchId};

/// It is a patch, but not for this process.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Mismatch {
    #[error("the patch is for another processor ({0:?})")]
    Architecture(Architecture),
    #[error(
        "the patch is for another build of the program: it names build ID {patch}, the running \
         executable has {host}; restart the program, or make the patch against this build"
    )]
    Build { patch: String, host: String },
    #[error(
        "the running executable has no build ID, so no patch can be bound to it; link with \
         -Wl,--build-id"
    )]
    NoBuildId,
    #[error("patch {0} is already loaded")]
    Twice(PatchId),
    #[error(
        "the patch builds on patch {0}, which is not loaded; load the patches in the order \
         in which they were made"
    )]
    Requires(PatchId),
}

/// Checks the patch against the process; answers the patches that it refers to, in the order in
/// which it names them.
pub(super) fn verify(
    patch: &Patch,
    host: &Host,
    loaded: &[LoadedPatch],
) -> Result<Vec<LoadedPatch>, Mismatch> {
    if Processor::ARCHITECTURE != Some(patch.architecture) {
        return Err(Mismatch::Architecture(patch.architecture));
    }
    if host.build_id.is_empty() {
        return Err(Mismatch::NoBuildId);
    }
    if patch.build_id != host.build_id {
        return Err(Mismatch::Build { patch: hex(&patch.build_id), host: hex(&host.build_id) });
    }
    let find = |id| loaded.iter().find(|image| image.id == id);
    if find(patch.id).is_some() {
        return Err(Mismatch::Twice(patch.id));
    }
    let require = |&id| find(id).cloned().ok_or(Mismatch::Requires(id));
    patch.requires.iter().map(require).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
