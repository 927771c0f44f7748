//! Which crate it is that is compiled.
//!
//! Crates of one name meet in a program: two versions of a package, a library and the binary or the
//! integration test that is called like it. The compiler distinguishes them by their names, their
//! types and what cargo gives each as `-C metadata`; it refuses to link two that agree in all of
//! these. So does the number that is made of them here. (A macro sees the arguments of the compiler
//! that it runs in.)

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

/// Returns the number of the crate.
pub fn id() -> u64 {
    static ID: OnceLock<u64> = OnceLock::new();
    *ID.get_or_init(|| {
        let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
        id_of(args.flat_map(from_file))
    })
}

/// Returns the arguments in a file, for `@path`.
fn from_file(arg: String) -> Vec<String> {
    match arg.strip_prefix('@').and_then(|path| std::fs::read_to_string(path).ok()) {
        Some(lines) => lines.lines().map(str::to_owned).collect(),
        None => vec![arg],
    }
}

/// Returns a number made of all that distinguishes crates. The spelling of an argument makes no
/// difference.
fn id_of(mut args: impl Iterator<Item = String>) -> u64 {
    let mut options = Vec::new();
    while let Some(arg) = args.next() {
        let (option, value) = match arg.split_once('=') {
            _ if arg == "-C" || arg == "--codegen" => ("-C", args.next().unwrap_or_default()),
            Some((option, value)) if option.starts_with("--") => (option, value.to_owned()),
            _ if arg.starts_with("-C") => ("-C", arg[2..].to_owned()),
            _ if arg == "--crate-name" || arg == "--crate-type" => {
                (arg.as_str(), args.next().unwrap_or_default())
            }
            _ => (arg.as_str(), String::new()),
        };
        let option = if option == "--codegen" { "-C" } else { option };
        if matches!(option, "--crate-name" | "--crate-type" | "--test")
            || option == "-C" && value.starts_with("metadata=")
        {
            options.push((option.to_owned(), value));
        }
    }
    options.sort();
    let mut hasher = DefaultHasher::new();
    options.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn crates_of_one_name_have_different_numbers() {
        let id = |args: &str| id_of(args.split(' ').map(str::to_owned));
        let library =
            id("rustc --crate-name shop src/lib.rs --crate-type lib -C metadata=1f -C opt-level=3");
        // These do not make another crate of it.
        for same in [
            "rustc --crate-name=shop a/lib.rs --crate-type=lib -Cmetadata=1f -C linker=/bin/true",
            "rustc --crate-type lib --codegen metadata=1f --crate-name shop --emit=link",
            "rustc --crate-type lib --codegen=metadata=1f --crate-name shop --cfg=test",
        ] {
            assert_eq!(id(same), library, "{same}");
        }
        for other in [
            "rustc --crate-name shop src/lib.rs --crate-type lib -C metadata=2f",
            "rustc --crate-name shop src/main.rs --crate-type bin -C metadata=1f",
            "rustc --crate-name shop tests/shop.rs --test --crate-type lib -C metadata=1f",
            "rustc --crate-name shops src/lib.rs --crate-type lib -C metadata=1f",
        ] {
            assert_ne!(id(other), library, "{other}");
        }
    }
}
