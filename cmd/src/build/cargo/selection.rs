//! The targets to build, as the user has selected them in cargo's own flags.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::{Path, PathBuf};

/// The flags with which the user selects what is built: cargo's own, sorted by the subcommands that
/// take them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// All flags, as `cargo build` takes them.
    pub build: Vec<String>,
    /// Those that `cargo metadata` takes too.
    pub metadata: Vec<String>,
    /// Those that `cargo clean` takes too, besides the packages.
    pub clean: Vec<String>,
    /// The profile's name: `dev` unless another was chosen.
    pub profile: String,
    /// `--target`.
    pub target: Option<String>,
    /// `--target-dir`, which `cargo metadata` does not take.
    pub target_dir: Option<PathBuf>,
}

impl Selection {
    /// Reports whether this is a profile for development, where cargo compiles incrementally.
    pub fn is_dev(&self) -> bool {
        matches!(self.profile.as_str(), "dev" | "test")
    }

    /// Returns how many compilers run at once: `--jobs`, where it is a number, or what the
    /// environment says, or one for each processor.
    pub fn jobs(&self) -> usize {
        let flag = self.build.iter().find_map(|flag| flag.strip_prefix("--jobs="));
        let said = flag.map(str::to_owned).or_else(|| std::env::var("CARGO_BUILD_JOBS").ok());
        let jobs = said.and_then(|jobs| jobs.parse().ok()).filter(|jobs| *jobs > 0);
        jobs.unwrap_or_else(default_jobs)
    }

    /// The folder of the profile below the target folder, with the target's when one was chosen.
    pub fn folder(&self) -> PathBuf {
        let profile = match self.profile.as_str() {
            "dev" | "test" => "debug",
            "bench" => "release",
            other => other,
        };
        match &self.target {
            // A target may be given as a JSON file: its stem names the folder.
            Some(target) => {
                Path::new(Path::new(target).file_stem().unwrap_or(OsStr::new(target))).join(profile)
            }
            None => profile.into(),
        }
    }
}

/// Returns how many compilers run at once by default.
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_cargo_names_them() {
        let selection = |profile: &str, target: Option<&str>| Selection {
            profile: profile.to_owned(),
            target: target.map(str::to_owned),
            ..Selection::default()
        };
        assert_eq!(selection("dev", None).folder(), Path::new("debug"));
        assert_eq!(selection("fast", None).folder(), Path::new("fast"));
        assert_eq!(selection("release", Some("a/my.json")).folder(), Path::new("my/release"));
        let wide = selection("dev", Some("x86_64-unknown-linux-gnu"));
        assert_eq!(wide.folder(), Path::new("x86_64-unknown-linux-gnu/debug"));
    }
}
