//! The check that replacements fit the functions they name: all of them, or none is taken.

use super::error::LibraryError;
use super::table::Replacement;
use crate::registry::{self, Entry, SignatureId};
use crate::slot::layers::Change;
use hot_patch::abi::Kind;

/// Checks each replacement against the function of the name beside it. Returns what to commit as
/// the code of the patch of this number, and the functions' names; or every reason why not.
pub(crate) fn all<'a>(
    assigned: impl Iterator<Item = (&'a str, &'static Replacement)>,
    patch: u32,
) -> Result<(Vec<Change>, Vec<String>), LibraryError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut names = Vec::new();
    let mut reasons = Vec::new();
    for (name, replacement) in assigned {
        match one(name, replacement) {
            Err(reason) => reasons.push(reason),
            Ok(entry) if changes.iter().any(|change| std::ptr::eq(change.slot, entry.slot())) => {
                reasons.push(format!("it replaces `{}` twice", entry.text().name()));
            }
            Ok(entry) => {
                let (slot, target) = (entry.slot(), replacement.code);
                changes.push(Change { slot, instance: None, target, patch });
                names.push(entry.text().name());
            }
        }
    }
    if reasons.is_empty() { Ok((changes, names)) } else { Err(LibraryError::Refused(reasons)) }
}

fn one(name: &str, replacement: &Replacement) -> Result<&'static Entry, String> {
    let entry = registry::find(name).map_err(|error| error.to_string())?;
    match entry.kind() {
        Some(Kind::Function) => {}
        Some(Kind::Generic | Kind::GenericAsync) => {
            return Err(format!(
                "`{name}` is generic: its instances have types of their own, which a library \
                 cannot name; replace a function below it that is not generic"
            ));
        }
        Some(Kind::Async) => {
            return Err(format!(
                "`{name}` is async: in a library its future would look for the runtime in the \
                 library's own thread-locals and not find it; replace a function below it that \
                 is not async"
            ));
        }
        Some(Kind::Anchor) | None => {
            return Err(format!("`{name}` was compiled with another version of hot"));
        }
    }
    let Some(expected) = entry.identity() else {
        return Err(format!(
            "`{name}` has a type that cannot be checked (it hides `impl Trait` or lifetimes), \
             so that no library can replace it; replace a function below it"
        ));
    };
    let given = (replacement.identity)();
    if given.id == expected.id { Ok(entry) } else { Err(mismatch(entry, given, expected)) }
}

fn mismatch(entry: &Entry, given: SignatureId, expected: SignatureId) -> String {
    let name = entry.text().name();
    let mut text = format!("`{name}` is `{}`, its replacement is `{}`", expected.name, given.name);
    if given.name == expected.name {
        text.push_str(
            "; these are written alike, but the crate that defines their types was compiled \
             twice: build the program and the library in one workspace, with one command",
        );
    }
    text
}
