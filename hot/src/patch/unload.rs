//! A patch out of this process.

use super::error::PatchError;
use super::hook::{Hooks, Moment};
use super::{loaded, serial};
use crate::slot::layers;

/// Takes a patch out, wherever it lies among others: what lies below it is called again.
///
/// Calls that are inside its code finish there. Its memory stays.
///
/// # Errors
/// [`PatchError::NotLoaded`]; [`PatchError::Stopped`] when `hp_before_unload` fails, and the patch
/// stays; [`PatchError::AfterUnload`] when the patch is out and its last hook failed;
/// [`PatchError::InHook`].
///
/// ```
/// let error = hot::patch::unload("0123").unwrap_err();
/// assert_eq!(error.to_string(), "no patch 0123 is loaded");
/// ```
pub fn unload(hp_id: &str) -> Result<(), PatchError> {
    let _turn = serial::take_turn()?;
    let hp_id = hp_id.to_owned();
    let Some(loaded) = loaded::find(&hp_id) else { return Err(PatchError::NotLoaded { hp_id }) };
    let moment = Moment::BeforeUnload;
    if let Err(failure) = loaded.hooks.run(moment) {
        return Err(PatchError::Stopped { hp_id, hook: moment.hook(), failure });
    }
    take_out(loaded.number);
    let after = loaded.hooks.run(Moment::AfterUnload);
    after.map_err(|failure| PatchError::AfterUnload { hp_id, failure })
}

/// Undoes a load whose last hook failed: its hooks are run as for an unload, but none stops it.
/// Returns what failed besides. Under the turn of the load.
pub(super) fn undo(number: u32, hooks: Hooks) -> Vec<String> {
    let mut failures = Vec::new();
    let mut run = |moment: Moment| {
        let failed = |failure| failures.push(format!("`{}`: {failure}", moment.hook()));
        hooks.run(moment).unwrap_or_else(failed);
    };
    run(Moment::BeforeUnload);
    take_out(number);
    run(Moment::AfterUnload);
    failures
}

fn take_out(number: u32) {
    layers::remove_patch(number);
    loaded::remove(number);
}
