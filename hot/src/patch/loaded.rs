//! The patches that are loaded, oldest first.
//!
//! The list is replaced whole by loads and unloads, which take turns ([`super::serial`]), so that
//! whoever reads it waits for none of them.

use super::config::Info;
use super::hook::Hooks;
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// A patch that is loaded.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) info: Info,
    /// Its number among the layers of functions.
    pub(super) number: u32,
    pub(super) hooks: Hooks,
}

static LOADED: ArcSwapOption<Vec<Arc<Loaded>>> = ArcSwapOption::const_empty();

/// Returns what is known of each patch that is loaded, oldest first.
///
/// It waits for no load and no unload.
///
/// ```
/// for patch in hot::patch::list() {
///     println!("{} replaces {}", patch.hp_id, patch.functions.join(", "));
/// }
/// ```
pub fn list() -> Vec<Info> {
    all().iter().map(|loaded| loaded.info.clone()).collect()
}

/// The patches.
pub(super) fn all() -> Arc<Vec<Arc<Loaded>>> {
    LOADED.load_full().unwrap_or_default()
}

/// The patch with this ID.
pub(super) fn find(hp_id: &str) -> Option<Arc<Loaded>> {
    all().iter().find(|loaded| loaded.info.hp_id == hp_id).cloned()
}

/// Records a patch. Under the turn of its load.
pub(super) fn add(loaded: Loaded) {
    let mut patches = Vec::clone(&all());
    patches.push(Arc::new(loaded));
    LOADED.store(Some(Arc::new(patches)));
}

/// Takes a patch off the list. Under the turn of its unload.
pub(super) fn remove(number: u32) {
    let mut patches = Vec::clone(&all());
    patches.retain(|loaded| loaded.number != number);
    LOADED.store(Some(Arc::new(patches)));
}
