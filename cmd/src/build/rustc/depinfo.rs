//! Reads the dep-info files that rustc writes: which source files a crate was made from.

use crate::build::path::normal;
use std::path::{Path, PathBuf};

/// The files that a dep-info file names, as absolute paths.
///
/// The format is that of makefiles: `artifact: source source …`, a space in a name written `\ `.
/// Each source comes again as a target of its own; comments name environment variables.
pub fn read(file: &Path, cwd: &Path) -> std::io::Result<Vec<PathBuf>> {
    Ok(parse(&std::fs::read_to_string(file)?, cwd))
}

fn parse(text: &str, cwd: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, sources)| words(sources))
        .map(|source| normal(&cwd.join(source)))
        .collect();
    files.sort();
    files.dedup();
    files
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(word) = words.last_mut() else { break };
        match c {
            '\\' if chars.peek() == Some(&' ') => {
                word.push(' ');
                chars.next();
            }
            ' ' => words.push(String::new()),
            c => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_rustc_writes_them() {
        let text = "/t/deps/a.d: shop/src/lib.rs shop/src/../my\\ text.txt /abs/x.rs\n\n\
                    /t/deps/liba.rlib: shop/src/lib.rs\n\nshop/src/lib.rs:\n\
                    # env-dep:CARGO_PKG_NAME=a: b\n";
        let files = parse(text, Path::new("/w"));
        let expected = ["/abs/x.rs", "/w/shop/my text.txt", "/w/shop/src/lib.rs"];
        assert_eq!(files, expected.map(PathBuf::from));
    }
}
