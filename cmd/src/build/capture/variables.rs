//! The variables by which cargo and the wrapper are told what to do.

use crate::build::cargo::Config;
use std::ffi::OsString;
use std::path::Path;

/// Names the folder of the records; its presence makes hot a wrapper.
pub const DIR: &str = "HOT_CAPTURE_DIR";
/// Names the log of the records; its presence makes hot a wrapper too.
pub const LOG: &str = "HOT_CAPTURE_LOG";
/// Names the wrapper that was there before; empty when there shall be none.
pub const CHAIN: &str = "HOT_CAPTURE_CHAIN";

/// Names the profile whose settings are looked at before they cost a build; its presence makes hot
/// end cargo where no edit could go live.
pub const PROFILE: &str = "HOT_CAPTURE_PROFILE";
/// Returns what cargo must find in its environment to record into this folder, with `own` as the
/// wrapper.
pub fn wrapper_in(folder: &Path, own: &Path, config: &Config) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![("RUSTC_WRAPPER", own.into()), (DIR, folder.into())];
    if let Some(chain) = wrapper_before(config).filter(|chain| Path::new(chain) != own) {
        variables.push((CHAIN, chain));
    }
    variables
}

/// Returns what a command of the user's must find in its environment, so that each cargo it calls
/// records beside what it makes, noted in `log`, with `own` as the wrapper.
pub fn wrapper_anywhere(own: &Path, log: &Path) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![("RUSTC_WRAPPER", own.into()), (LOG, log.into())];
    // That of a configuration is looked for where cargo is called.
    if let Some(chain) = wrapper_in_environment().filter(|chain| Path::new(chain) != own) {
        variables.push((CHAIN, chain));
    }
    variables
}

/// The wrapper that cargo would use without hot: from the environment, then from its configuration.
fn wrapper_before(config: &Config) -> Option<OsString> {
    match wrapper_in_environment() {
        // Set but empty means none, whatever the configuration says.
        Some(value) => (!value.is_empty()).then_some(value),
        None => config.rustc_wrapper(),
    }
}

fn wrapper_in_environment() -> Option<OsString> {
    ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"].into_iter().find_map(std::env::var_os)
}
