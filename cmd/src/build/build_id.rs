//! The build ID, by which an executable is known.

use object::Object;
use std::path::Path;

/// Build ID of an executable; empty when it has none or cannot be read.
pub fn build_id_of(executable: &Path) -> Vec<u8> {
    let bytes = std::fs::read(executable).unwrap_or_default();
    let id = object::File::parse(&*bytes).ok().and_then(|f| f.build_id().ok()?.map(<[u8]>::to_vec));
    id.unwrap_or_default()
}
