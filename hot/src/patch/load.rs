//! A patch into this process.

use super::config::{Config, Info};
use super::error::PatchError;
use super::hook::{Hooks, Moment};
use super::loaded::{self, Loaded};
use super::{serial, unload};
use crate::file;
use crate::library::table::Replacement;
use crate::library::{self, Opened};
use crate::slot::layers;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU32, Ordering};

/// Loads a patch and returns its ID, the SHA-256 of its file in hexadecimal.
///
/// The file is read once, so what is loaded is what was read then. Everything that can be refused
/// is refused before anything of the program changes: a file that is no patch or was built another
/// way, names that are not there, types that differ. Then all functions are replaced, or none.
///
/// Once it is unloaded, it may be loaded again: from a fresh copy, whose statics begin anew. A file
/// that was replaced on disk is another patch under the same path.
///
/// ```no_run
/// let config = hot::patch::Config {
///     hp_file: "patches/price.so".into(),
///     replace_config: [("new_price".to_owned(), "shop/price".to_owned())].into(),
/// };
/// // SAFETY: the file is ours, built with this program.
/// let hp_id = unsafe { hot::patch::load(&config) }?;
/// hot::patch::unload(&hp_id)?;
/// # Ok::<(), hot::patch::PatchError>(())
/// ```
///
/// # Errors
/// See [`PatchError`]. The program runs what it ran before.
///
/// # Safety
/// The file is native code that will run in this process: it must come from whom the program
/// trusts, and be built against the same sources of every crate whose types it shares with the
/// program. What it replaces may be private: the author of the patch knows what unsafe code relies
/// on it.
pub unsafe fn load(config: &Config) -> Result<String, PatchError> {
    let _turn = serial::take_turn()?;
    let path = &config.hp_file;
    let file =
        file::read(path).map_err(|source| PatchError::File { path: path.clone(), source })?;
    let hp_id = id(&file);
    if loaded::find(&hp_id).is_some() {
        return Err(PatchError::AlreadyLoaded { hp_id });
    }
    let unfit = |error| PatchError::library(path.clone(), error);
    // SAFETY: the caller vouches for the file.
    let opened = unsafe { library::open(path, file) }.map_err(unfit)?;
    if !opened.shares_allocator {
        let why = "the patch has an allocator of its own, and what one side allocates the other \
                   frees: write `hot::patch!();` once in its crate"
            .to_owned();
        return Err(PatchError::Unfit { path: path.clone(), why });
    }
    let number = next_number();
    let assigned = assign(&opened, config)?;
    let (changes, mut functions) = library::check(assigned.into_iter(), number).map_err(unfit)?;
    let hooks = Hooks::of(&opened.functions)?;
    if changes.is_empty() {
        return Err(PatchError::Empty { functions: names(&opened) });
    }
    functions.sort();

    let moment = Moment::BeforeLoad;
    hooks.run(moment).map_err(|failure| PatchError::Stopped {
        hp_id: hp_id.clone(),
        hook: moment.hook(),
        failure,
    })?;
    // SAFETY: each target is code of a library that is never closed; its type is that of its
    // function, which is neither generic nor async, as the check has found. No other patch has this
    // number.
    unsafe { layers::push_patch(&changes) };
    let info = Info { hp_id: hp_id.clone(), config: config.clone(), functions };
    loaded::add(Loaded { info, number, hooks });
    hooks.run(Moment::AfterLoad).map_err(|failure| {
        let undoing = unload::undo(number, hooks);
        PatchError::AfterLoad { hp_id: hp_id.clone(), failure, undoing }
    })?;
    Ok(hp_id)
}

fn id(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number that no other patch of this process has had.
fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Relaxed: only the number itself matters; loads take turns besides.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Collects the replacements: those that the patch names itself, and those that the configuration
/// assigns to its functions.
fn assign<'a>(
    opened: &'a Opened,
    config: &'a Config,
) -> Result<Vec<(&'a str, &'static Replacement)>, PatchError> {
    let own = opened.replacements.iter().map(|replacement| (replacement.name, replacement));
    let mut assigned: Vec<(&str, &'static Replacement)> = own.collect();
    for (symbol, function) in &config.replace_config {
        let found = opened.functions.iter().find(|found| found.name == symbol);
        let Some(found) = found else {
            let (symbol, functions) = (symbol.clone(), names(opened));
            return Err(PatchError::UnknownSymbol { symbol, functions });
        };
        assigned.push((function, found));
    }
    Ok(assigned)
}

/// The names of its functions, sorted.
fn names(opened: &Opened) -> Vec<String> {
    let mut names: Vec<String> =
        opened.functions.iter().map(|function| function.name.to_owned()).collect();
    names.sort();
    names
}
