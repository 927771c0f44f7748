//! Names for perf, which knows nothing of code in anonymous memory.
//!
//! When `HOT_PERF_MAP` is set, a line for each function of a patch is added to `perf-<pid>.map` in
//! `/tmp`, where perf looks for it when it makes its report. The file is left there: the report
//! comes after the program's end.

use hot_patch::patch::Symbol;
use std::fmt::Write as _;
use std::io::Write as _;

/// Asks for the file.
const VARIABLE: &str = "HOT_PERF_MAP";

/// Adds the functions of an image.
pub(super) fn record(functions: &[Symbol], image: u64) {
    if std::env::var_os(VARIABLE).is_none_or(|value| value.is_empty()) {
        return;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Anyone can foresee the name; a link that has been put there is not followed.
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
    }
    if let Ok(mut file) = options.open(format!("/tmp/perf-{}.map", std::process::id())) {
        // perf goes without names if this fails.
        let _ = file.write_all(lines(functions, image).as_bytes());
    }
}

/// Returns `start size name`, in hexadecimal.
fn lines(functions: &[Symbol], image: u64) -> String {
    let mut lines = String::new();
    for Symbol { offset, size, name } in functions {
        let _ = writeln!(lines, "{:x} {size:x} {name}", image.wrapping_add(*offset));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_start_size_and_name() {
        let symbol = |offset, name: &str| Symbol { offset, size: 0x1f, name: name.into() };
        let functions = [symbol(0, "shop::total"), symbol(0x20, "<u64 as shop::Price>::of")];
        assert_eq!(
            lines(&functions, 0x5000),
            "5000 1f shop::total\n5020 1f <u64 as shop::Price>::of\n"
        );
    }
}
