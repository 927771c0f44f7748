//! The command line.

use crate::build::Usage;
use crate::build::capture::wrapper;
use crate::build::cargo::Selection;
use crate::build::path::normal;
use crate::build::rebuild::object_cache;
use crate::doctor;
use crate::list;
use crate::run::{self, Options};
use crate::show::Terminal;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Bad usage.
const USAGE: u8 = 2;
/// There is nothing to run; cargo's own status for that.
const NOTHING: u8 = 101;

/// Change a Rust program while it runs.
#[derive(Debug, Parser)]
#[command(name = "hot", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Build and run a program, and load each saved edit into it.
    Run(Box<Run>),
    /// Have a command build and run a program, and load each saved edit into it.
    Exec(Exec),
    /// List the hot functions of a running program.
    List(List),
    /// Check what hot needs of this machine and this project, and say what to do.
    Doctor(Box<CargoFlags>),
}

#[derive(Debug, Args)]
struct Run {
    /// Also watch DIR: a change of a file there that rustc does not read rebuilds and restarts
    #[arg(long, value_name = "DIR")]
    watch: Vec<PathBuf>,
    #[command(flatten)]
    session: Live,
    /// Arguments for the program
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,

    // Last: its heading would hold for what follows.
    #[command(flatten)]
    cargo: CargoFlags,
}

#[derive(Debug, Args)]
struct Exec {
    /// Watch DIR, and what the program is made from
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    watch: Vec<PathBuf>,
    #[command(flatten)]
    session: Live,
    /// Tell more
    #[arg(short, long)]
    verbose: bool,
    /// What builds and runs the program: a script, `make`, `sh -c '…'`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What holds for a program however it is built.
#[derive(Debug, Args)]
struct Live {
    /// Append what happens to FILE, one JSON object a line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Do not watch what matches GLOB, written as in a .gitignore
    #[arg(long, value_name = "GLOB")]
    ignore: Vec<String>,
    /// Look at the files every MS milliseconds (500), where the system does not tell of changes
    #[arg(
        long,
        value_name = "MS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "500",
        value_parser = clap::value_parser!(u64).range(10..)
    )]
    poll: Option<u64>,
    /// Never restart the program: what cannot go live waits
    #[arg(long)]
    no_restart: bool,
    /// Judge each save and tell what would become of it; load nothing and restart nothing
    #[arg(long)]
    dry_run: bool,
    /// Read no keys from the terminal
    #[arg(long)]
    no_tty: bool,
    /// When the first build fails, or the program crashes, wait for a fix
    #[arg(long)]
    wait: bool,
}

/// Cargo's own flags, word for word.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to build and run (as for cargo run)")]
struct CargoFlags {
    /// Package with the program to run
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    /// The binary to run
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    bin: Option<String>,
    /// The example to run
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the default features
    #[arg(long)]
    no_default_features: bool,
    /// Build with the release profile
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Build with this profile
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Build for this target
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Folder of everything that is built
    #[arg(long, value_name = "DIRECTORY")]
    target_dir: Option<String>,
    /// Path of the manifest
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<String>,
    /// Number of jobs at once
    #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
    jobs: Option<String>,
    /// Override a value of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<String>,
    /// The lock file must not change
    #[arg(long)]
    locked: bool,
    /// Do not use the network
    #[arg(long)]
    offline: bool,
    /// As --locked and --offline
    #[arg(long)]
    frozen: bool,
    /// Ignore the packages' rust-version
    #[arg(long)]
    ignore_rust_version: bool,
    /// Tell more (-vv for more from cargo)
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// Tell less from cargo
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct List {
    /// The program's control socket or process ID; needed only when several programs run under hot
    #[arg(value_name = "SOCKET|PID")]
    program: Option<OsString>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl CargoFlags {
    fn selection(&self) -> Selection {
        let mut selection = Selection::default();
        // Each flag goes to the subcommands of cargo that know it.
        let Selection { build, metadata, clean, .. } = &mut selection;
        let value = |flag: &str, value: &Option<String>| {
            value.iter().map(|value| format!("{flag}={value}")).collect::<Vec<_>>()
        };
        let switch = |flag: &str, on: bool| on.then(|| flag.to_owned()).into_iter();
        for common in [
            value("--manifest-path", &self.manifest_path.as_deref().map(past_links)),
            self.config.iter().map(|value| format!("--config={value}")).collect(),
            switch("--locked", self.locked).collect(),
            switch("--offline", self.offline).collect(),
            switch("--frozen", self.frozen).collect(),
        ] {
            build.extend(common.clone());
            metadata.extend(common.clone());
            clean.extend(common);
        }
        for placed in [
            value("--target", &self.target),
            value("--target-dir", &self.target_dir),
            value("--profile", &self.profile),
            switch("--release", self.release).collect(),
        ] {
            build.extend(placed.clone());
            clean.extend(placed);
        }
        build.extend(value("--package", &self.package));
        build.extend(value("--bin", &self.bin));
        build.extend(value("--example", &self.example));
        build.extend(self.features.iter().map(|value| format!("--features={value}")));
        build.extend(switch("--all-features", self.all_features));
        build.extend(switch("--no-default-features", self.no_default_features));
        build.extend(value("--jobs", &self.jobs));
        build.extend(switch("--ignore-rust-version", self.ignore_rust_version));
        build.extend((0..self.verbose).map(|_| "--verbose".to_owned()));
        build.extend(switch("--quiet", self.quiet));
        selection.profile = match (&self.profile, self.release) {
            (Some(profile), _) => profile.clone(),
            (None, true) => "release".to_owned(),
            (None, false) => "dev".to_owned(),
        };
        selection.target = self.target.clone();
        selection.target_dir = self.target_dir.clone().map(PathBuf::from);
        selection
    }
}

/// A manifest's path with the folder that it really lies in, if it is reached through a link. Cargo
/// goes by what is typed, rustc by the real folder it is called in: a file would have two names.
fn past_links(manifest: &str) -> String {
    let path = Path::new(manifest);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let real = folder.and_then(|folder| {
        let real = std::fs::canonicalize(folder).ok()?;
        let typed = std::path::absolute(folder).ok()?;
        (real != normal(&typed))
            .then(|| real.join(path.file_name()?).to_str().map(str::to_owned))?
    });
    real.unwrap_or_else(|| manifest.to_owned())
}

/// Does what the arguments (with the command's own name first) ask for.
pub fn main(args: Vec<OsString>) -> ExitCode {
    if let Some(status) = object_cache::intercept(&args).or_else(|| wrapper::intercept(&args)) {
        return status;
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Clap's status for bad usage is ours: 2. Help and version are no errors.
        Err(error) => {
            let status = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            // If the terminal is gone there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let result = match cli.command {
        Sub::Run(run) => run::run(run.options()),
        Sub::Exec(exec) => run::run(exec.options()),
        Sub::Doctor(cargo) => Ok(doctor::doctor(&cargo.selection())),
        Sub::List(List { program, json }) => list::list(program.as_deref(), json),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            Terminal::default().error(&format!("{error:#}"));
            ExitCode::from(if error.is::<Usage>() { USAGE } else { NOTHING })
        }
    }
}

impl Run {
    fn options(self) -> Options {
        Options {
            selection: self.cargo.selection(),
            watch: self.watch,
            verbose: self.cargo.verbose > 0,
            args: self.args,
            ..self.session.options()
        }
    }
}

impl Exec {
    fn options(self) -> Options {
        Options {
            watch: self.watch,
            verbose: self.verbose,
            command: self.command,
            ..self.session.options()
        }
    }
}

impl Live {
    fn options(self) -> Options {
        Options {
            events: self.events,
            ignore: self.ignore,
            poll: self.poll.map(Duration::from_millis),
            restart: !self.no_restart,
            dry_run: self.dry_run,
            keys: !self.no_tty,
            wait: self.wait,
            ..Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Options {
        let cli = Cli::try_parse_from([&["hot", "run"], args].concat()).unwrap();
        match cli.command {
            Sub::Run(run) => run.options(),
            Sub::Exec(_) | Sub::List(_) | Sub::Doctor(_) => unreachable!("`run` was given"),
        }
    }

    #[test]
    fn the_command_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn own_flags_are_not_listed_among_cargos() {
        let help = Cli::try_parse_from(["hot", "run", "--help"]).unwrap_err().to_string();
        let (own, cargos) = help.split_once("(as for cargo run):").unwrap();
        for flag in
            ["--watch <", "--events <", "--no-restart", "--dry-run", "--no-tty", "--wait", "--help"]
        {
            assert!(own.contains(flag) && !cargos.contains(flag), "{flag} in {help}");
        }
        assert!(cargos.contains("--package <"), "{help}");
    }

    #[test]
    fn flags_reach_the_subcommands_of_cargo_that_know_them() {
        let options = options(&[
            "-p",
            "app",
            "--bin",
            "app",
            "-F",
            "a b",
            "--release",
            "--target-dir",
            "t",
            "-v",
            "--manifest-path",
            "x/Cargo.toml",
            "--watch",
            "w",
            "--no-restart",
            "--",
            "--port",
            "1",
        ]);
        let Selection { build, metadata, clean, profile, .. } = &options.selection;
        assert_eq!(metadata, &["--manifest-path=x/Cargo.toml"]);
        assert_eq!(clean, &["--manifest-path=x/Cargo.toml", "--target-dir=t", "--release"]);
        for flag in ["--package=app", "--bin=app", "--features=a b", "--release", "--verbose"] {
            assert!(build.iter().any(|b| b == flag), "{flag} in {build:?}");
        }
        assert_eq!(profile, "release");
        assert_eq!(options.args, ["--port", "1"]);
        assert!(!options.restart && options.verbose && options.keys);
    }

    #[test]
    fn the_default_is_the_dev_profile() {
        assert_eq!(options(&[]).selection.profile, "dev");
        assert_eq!(options(&["--profile", "fast"]).selection.profile, "fast");
    }

    #[test]
    fn what_is_not_a_flag_of_hot_is_refused() {
        assert!(Cli::try_parse_from(["hot", "run", "--port"]).is_err());
        assert!(Cli::try_parse_from(["hot", "exec"]).is_err());
        assert!(Cli::try_parse_from(["hot", "run", "--poll=1"]).is_err());
    }

    #[test]
    fn a_command_is_what_follows_the_dashes() {
        let args = ["hot", "exec", "--watch", "a", "b", "--watch", "c", "--poll", "--", "sh", "-c"];
        let Sub::Exec(exec) = Cli::try_parse_from(args).unwrap().command else {
            unreachable!("`exec` was given")
        };
        let options = exec.options();
        assert_eq!(options.watch, ["a", "b", "c"].map(PathBuf::from));
        assert_eq!(options.command, ["sh", "-c"]);
        assert_eq!(options.poll, Some(Duration::from_millis(500)));
        for missing in [&["hot", "exec", "--", "x"][..], &["hot", "exec", "--watch", "a"]] {
            assert!(Cli::try_parse_from(missing).is_err(), "{missing:?}");
        }
    }
}
