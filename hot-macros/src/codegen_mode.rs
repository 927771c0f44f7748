//! The compiler's mode: it makes code, or metadata alone.
//!
//! `cargo check`, clippy and an editor's checks on save ask rustc for metadata alone. Nothing that
//! is there for the running program is made then, and a registry entry is nothing else: it says
//! nothing about the source that trampoline and body do not say as well. It is left out, since it
//! is the larger part of what `#[hot]` costs a check. (An attribute sees the arguments of the
//! compiler that it runs in. Cargo keeps what it has checked apart from what it has built.)

use std::sync::OnceLock;

/// Reports whether the compiler makes code of what the macros write.
pub fn emits_code() -> bool {
    static MAKES_CODE: OnceLock<bool> = OnceLock::new();
    *MAKES_CODE.get_or_init(|| {
        // Miri runs a program without making code of it. It needs all that the program has.
        let runs = std::env::var_os("MIRI_BE_RUSTC").is_some();
        runs || asks_for_code(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()))
    })
}

/// Reports whether a command of rustc asks for more than metadata. A command that cannot be read is
/// taken for one that does: an entry too many costs time alone.
fn asks_for_code(mut args: impl Iterator<Item = String>) -> bool {
    let compiler = args.next().unwrap_or_default();
    let mut metadata = false;
    while let Some(arg) = args.next() {
        let kinds = match arg.strip_prefix("--emit") {
            Some("") => args.next().unwrap_or_default(),
            Some(kinds) => kinds.trim_start_matches('=').to_owned(),
            None => continue,
        };
        for kind in kinds.split(',') {
            match kind.split('=').next() {
                Some("metadata") => metadata = true,
                Some("dep-info") => {}
                _ => return true,
            }
        }
    }
    !metadata || compiler.contains("miri")
}

#[cfg(test)]
mod tests {
    use super::asks_for_code;

    #[test]
    fn only_metadata_is_no_code() {
        let asks = |args: &str| asks_for_code(args.split(' ').map(str::to_owned));
        assert!(!asks("rustc --crate-name a --emit=dep-info,metadata -C debuginfo=2"));
        assert!(!asks("clippy-driver rustc a.rs --emit metadata=/t/a.rmeta"));
        for code in [
            "rustc a.rs",
            "rustc @arguments",
            "rustc a.rs --emit=dep-info,metadata,link",
            "rustc a.rs --emit metadata --emit obj",
            "rustc a.rs --emit=dep-info",
            "rustc a.rs --emit",
            "rustdoc a.rs --test",
            "/bin/miri a.rs --emit=dep-info,metadata",
        ] {
            assert!(asks(code), "{code}");
        }
    }
}
