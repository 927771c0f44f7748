//! Who may have a function by its name.
//!
//! By path the compiler decides. A name is a text, so the registry decides, as the compiler would:
//! an entry holds the function's visibility as written and its module, and the asking macro gives
//! the module in which it stands ([`Viewer`]). Without this, safe code could call the constructor
//! of a type that is a proof of something, or replace what the unsafe code of another module relies
//! on.
//!
//! - `pub` is taken at its word: who says it of a function in a module that is not, lets the name
//!   out (the lint `unreachable_pub` finds these).
//! - A method of a trait impl is as visible as the trait. A trait of another crate can be named
//!   everywhere; of one of its own crate nothing is known, so by name the method belongs to the
//!   module of the impl.
//! - An `unsafe impl` is a promise about what its methods do: safe code gets none of them.
//! - Items in a function's body belong to the module around it. A module in a function's body has
//!   the path of one beside the function, and is taken for that one if it is there.
//!
//! Crates of one name (a library and the test that is called like it) differ by a number that the
//! macro makes of the arguments by which cargo has rustc distinguish them.
//!
//! A destructor is given out to no one: who calls it frees twice, who replaces it breaks what `Pin`
//! promises.

use super::entry::Entry;

/// From where a function is asked for by name.
#[derive(Clone, Copy)]
pub struct Viewer(View);

#[derive(Clone, Copy)]
enum View {
    Module { path: &'static str, crate_id: u64 },
    Outside,
    Everywhere,
}

impl Viewer {
    /// Sees what is public.
    pub(crate) const OUTSIDE: Viewer = Viewer(View::Outside);
    /// Sees everything but destructors: for unsafe functions.
    pub(crate) const EVERYWHERE: Viewer = Viewer(View::Everywhere);

    /// Sees what this module sees.
    ///
    /// # Safety
    /// The code that asks stands in this module of this crate: `module_path!()`, and the number
    /// that the macro has for the crate.
    pub const unsafe fn new(path: &'static str, crate_id: u64) -> Viewer {
        Viewer(View::Module { path, crate_id })
    }

    /// Reports whether the function can be named from there.
    pub(crate) fn sees(self, entry: &Entry) -> bool {
        let text = entry.text();
        let (written, module) = (text.visibility, text.module);
        let View::Module { path, crate_id } = self.0 else {
            return matches!(self.0, View::Everywhere) || is_public(entry);
        };
        if is_public(entry) {
            return true;
        }
        if crate_id != entry.crate_id() || written == "unsafe impl" {
            return false;
        }
        let within = reach(written, module);
        within.is_some_and(|within| is_within(path, &within)) || is_within(path, module)
    }
}

fn is_public(entry: &Entry) -> bool {
    let text = entry.text();
    let own = text.module.split("::").next().unwrap_or_default();
    match text.visibility {
        "pub" => true,
        "impl" => entry.place().is_some_and(|place| place.is_of_foreign_trait(own)),
        _ => false,
    }
}

/// Reports whether it is the destructor of a type.
pub(crate) fn is_destructor(entry: &Entry) -> bool {
    matches!(entry.text().visibility, "impl" | "unsafe impl")
        && entry.place().is_some_and(|place| place.is_destructor())
}

/// Returns the module up to which a visibility reaches that is written in this one. `None` where
/// that is not clear.
fn reach(written: &str, module: &str) -> Option<String> {
    let root = module.split("::").next().unwrap_or(module);
    let path = match written.strip_prefix("pub(").and_then(|rest| rest.strip_suffix(')')) {
        Some(path) => path.strip_prefix("in ").unwrap_or(path),
        None => return (written == "crate").then(|| root.to_owned()),
    };
    let mut reached: Option<Vec<&str>> = None;
    for word in path.trim_start_matches("::").split("::") {
        let word = word.trim();
        reached = Some(match (reached, word) {
            (None, "crate" | "$crate") => vec![root],
            (None, "self") => module.split("::").collect(),
            (before, "super") => {
                let mut modules = before.unwrap_or_else(|| module.split("::").collect());
                modules.pop();
                modules
            }
            // In the edition of 2015 a path begins at the root.
            (before, name) => {
                let mut modules = before.unwrap_or_else(|| vec![root]);
                modules.push(name);
                modules
            }
        });
    }
    let reached = reached?.join("::");
    // Only a module around the function can be meant.
    is_within(module, &reached).then_some(reached)
}

/// Reports whether a module is this other one or in it.
fn is_within(module: &str, other: &str) -> bool {
    let (module, other) = (module.replace("r#", ""), other.replace("r#", ""));
    let rest = module.strip_prefix(&other).filter(|_| !other.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::{is_within, reach};

    #[test]
    fn a_visibility_reaches_up_to_a_module() {
        let reach = |written| reach(written, "shop::cart::lines");
        assert_eq!(reach("pub(crate)").as_deref(), Some("shop"));
        assert_eq!(reach("crate").as_deref(), Some("shop"));
        assert_eq!(reach("pub(self)").as_deref(), Some("shop::cart::lines"));
        assert_eq!(reach("pub(super)").as_deref(), Some("shop::cart"));
        assert_eq!(reach("pub(in super::super)").as_deref(), Some("shop"));
        assert_eq!(reach("pub(in self::super)").as_deref(), Some("shop::cart"));
        assert_eq!(reach("pub(in crate::cart)").as_deref(), Some("shop::cart"));
        assert_eq!(reach("pub(in $crate::cart)").as_deref(), Some("shop::cart"));
        assert_eq!(reach("pub(in ::cart)").as_deref(), Some("shop::cart"));
        assert_eq!(reach("pub(in cart)").as_deref(), Some("shop::cart"));
        for unclear in ["", "impl", "pub(in crate::net)", "pub(in super::super::super::super)"] {
            assert_eq!(reach(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn a_module_is_within_itself_and_those_around_it() {
        assert!(is_within("shop", "shop"));
        assert!(is_within("shop::cart::tests", "shop::cart"));
        assert!(is_within("shop::r#match", "shop::match"));
        assert!(!is_within("shop::carts", "shop::cart"));
        assert!(!is_within("shop", "shop::cart"));
        assert!(!is_within("shop", ""));
    }
}
