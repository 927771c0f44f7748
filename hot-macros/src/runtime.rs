//! The path of the crate `hot` in the crate that is compiled.
//!
//! A manifest may give it another name (`live = { package = "hot" }`). Which one is read off
//! rustc's own command, where each dependency stands with its file:
//! `--extern live=…/libhot-0123.rlib`. Where only another crate re-exports it, the name is not to
//! be found, and `#[hot(crate = engine::hot)]` does.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::sync::OnceLock;

/// The crate `hot` among the dependencies on a command of rustc.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// It has this name.
    Named(String),
    /// There are dependencies, and it is none of them.
    Missing,
    /// Nothing: no command of rustc, or one without files.
    Unknown,
}

/// Returns the path of the crate: `::hot`, unless the manifest renames it; none where it is no
/// dependency.
pub fn path() -> Option<TokenStream> {
    static FOUND: OnceLock<Found> = OnceLock::new();
    let found = FOUND.get_or_init(|| find(arguments().into_iter()));
    match found {
        Found::Named(name) => {
            let name = format_ident!("{name}");
            Some(quote!(::#name))
        }
        Found::Missing => None,
        Found::Unknown => Some(quote!(::hot)),
    }
}

/// Returns the arguments of this process; those in files, which cargo writes when they are many,
/// included.
fn arguments() -> Vec<String> {
    let mut arguments = Vec::new();
    for argument in std::env::args_os() {
        let argument = argument.to_string_lossy().into_owned();
        match argument.strip_prefix('@').map(std::fs::read_to_string) {
            Some(Ok(text)) => arguments.extend(text.lines().map(str::to_owned)),
            _ => arguments.push(argument),
        }
    }
    arguments
}

fn find(mut arguments: impl Iterator<Item = String>) -> Found {
    let mut found = Found::Unknown;
    while let Some(argument) = arguments.next() {
        if argument == "--crate-name" && arguments.next().is_some_and(|name| name == "hot") {
            // Its own tests: it is no dependency there, and calls itself by its name.
            return Found::Named("hot".to_owned());
        }
        let dependency = match argument.strip_prefix("--extern") {
            Some("") => arguments.next().unwrap_or_default(),
            Some(dependency) => dependency.trim_start_matches('=').to_owned(),
            None => continue,
        };
        let Some((name, file)) = dependency.split_once('=') else { continue };
        // `priv:live`: how the dependency may be used stands before its name.
        let name = name.rsplit(':').next().unwrap_or(name);
        if is_hot(file) {
            found = Found::Named(name.to_owned());
            if name == "hot" {
                break;
            }
        } else if found == Found::Unknown {
            found = Found::Missing;
        }
    }
    found
}

/// Returns `libhot-0123456789abcdef.rmeta`, with whatever ending and with or without a hash.
fn is_hot(file: &str) -> bool {
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = file.split('.').next().unwrap_or(file);
    let name = stem.strip_prefix("lib").unwrap_or(stem);
    name == "hot" || name.starts_with("hot-")
}

#[cfg(test)]
mod tests {
    use super::{Found, find};

    fn found(command: &str) -> Found {
        find(command.split(' ').map(str::to_owned))
    }

    #[test]
    fn the_name_is_that_of_the_file() {
        let named = |name: &str| Found::Named(name.to_owned());
        assert_eq!(found("rustc --extern hot=/t/deps/libhot-0a1b.rmeta"), named("hot"));
        assert_eq!(found("rustc --extern=live=/t/libhot-0a1b.rlib -L x"), named("live"));
        assert_eq!(found("rustc --extern noprelude,priv:live=libhot.rlib"), named("live"));
        // Another crate may have the name.
        assert_eq!(found("rustc --extern hot=libcold-1.rlib --extern a=libhot-2.rlib"), named("a"));
        // Twice, as in `[dependencies]` and `[dev-dependencies]`: either would do.
        assert_eq!(
            found("rustc --extern a=libhot-2.rlib --extern hot=libhot-2.rlib"),
            named("hot")
        );
        assert_eq!(found("rustc --crate-name hot --extern a=liba-1.rlib"), named("hot"));
    }

    #[test]
    fn a_crate_with_other_dependencies_does_without() {
        assert_eq!(
            found("rustc --extern a=libhot_macros-1.so --extern proc_macro"),
            Found::Missing
        );
        for nothing in
            ["rust-analyzer proc-macro", "rustc a.rs -L dependency=d", "rustc --extern hot"]
        {
            assert_eq!(found(nothing), Found::Unknown, "{nothing}");
        }
    }
}
