//! One captured command line of rustc, and what it says.
//!
//! A [`RustcInvocation`] is what the wrapper has recorded: the command as it was run. [`CrateArgs`]
//! is what hot needs to know of it, read from the arguments. rustc's grammar is wider than what is
//! read here; these are the forms that cargo writes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A command line of rustc as cargo ran it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RustcInvocation {
    /// The program that was executed: rustc, or the wrapper that hot stands before.
    pub program: String,
    /// Its arguments, in order. When `program` is a wrapper, the first is rustc.
    pub args: Vec<String>,
    /// The directory that it ran in.
    pub cwd: PathBuf,
    /// All environment variables, except those whose value is not UTF-8.
    pub env: BTreeMap<String, String>,
}

/// The settings of a crate, as the arguments of its [`RustcInvocation`] give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrateArgs {
    /// `--crate-name`.
    pub crate_name: String,
    /// `--crate-type`, each; `bin` when none is given.
    pub crate_types: Vec<String>,
    /// `--out-dir`.
    pub out_dir: PathBuf,
    /// Stem of the artifact: the crate's name and `-C extra-filename`.
    pub key: String,
    /// `-C incremental`.
    pub incremental: Option<PathBuf>,
    /// Paths of `--extern name=path`.
    pub externs: Vec<PathBuf>,
    /// `--target`.
    pub target: Option<String>,
    /// All flags `-C NAME=VALUE`, and `-Z NAME=VALUE` with a `Z` before the name, in order. The
    /// value is empty where there is none.
    pub flags: Vec<(String, String)>,
    /// True if `--emit` asks for a link.
    pub links: bool,
    /// True if cargo limits the lints, as it does for what is not the user's.
    pub foreign: bool,
    /// The crate's root, as it is named.
    pub root: PathBuf,
    /// `-l`: the libraries of other languages that are linked.
    pub natives: Vec<Native>,
    /// `-L`: where these are looked for.
    pub search: Vec<PathBuf>,
}

/// A library of another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// Its name: `lib<name>.a` or `lib<name>.so`.
    pub name: String,
    /// True if the archive is meant where there are both.
    pub is_static: bool,
}

impl RustcInvocation {
    /// Reads the arguments. `None` when this is not a compilation that leaves an artifact behind,
    /// such as a question for the version.
    pub fn crate_args(&self) -> Option<CrateArgs> {
        let mut crate_args = CrateArgs::default();
        let (mut extra, mut emits) = (String::new(), false);
        let mut args = self.args.iter();
        while let Some(arg) = args.next() {
            let (flag, value) = match arg.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (arg.as_str(), None),
            };
            let mut value = || value.clone().or_else(|| args.next().cloned()).unwrap_or_default();
            match flag {
                "--crate-name" => crate_args.crate_name = value(),
                "--crate-type" => {
                    crate_args.crate_types.extend(value().split(',').map(str::to_owned))
                }
                "--out-dir" => crate_args.out_dir = self.cwd.join(value()),
                "--target" => crate_args.target = Some(value()),
                "--emit" => {
                    emits = true;
                    crate_args.links = value().split(',').any(|kind| kind == "link");
                }
                "--cap-lints" => {
                    crate_args.foreign = true;
                    value();
                }
                "--extern" => {
                    if let Some((_, path)) = value().split_once('=') {
                        crate_args.externs.push(self.cwd.join(path));
                    }
                }
                "-C" | "--codegen" => {
                    let option = value();
                    self.codegen(&option, &mut crate_args, &mut extra);
                }
                "-l" => crate_args.natives.push(Native::read(&value())),
                "-L" => self.search(&value(), &mut crate_args),
                _ if arg.ends_with(".rs") && crate_args.root.as_os_str().is_empty() => {
                    crate_args.root = self.cwd.join(arg);
                }
                "-Z" => crate_args.flag("Z", &value()),
                _ if arg.starts_with("-Z") => crate_args.flag("Z", &arg[2..]),
                _ if arg.starts_with("-C") => self.codegen(&arg[2..], &mut crate_args, &mut extra),
                _ if arg.starts_with("-l") => crate_args.natives.push(Native::read(&arg[2..])),
                _ if arg.starts_with("-L") => self.search(&arg[2..], &mut crate_args),
                _ => {}
            }
        }
        if crate_args.crate_types.is_empty() {
            crate_args.crate_types.push("bin".to_owned());
        }
        let real = emits
            && !crate_args.crate_name.is_empty()
            && crate_args.crate_name != "___"
            && !crate_args.out_dir.as_os_str().is_empty();
        crate_args.key = format!("{}{extra}", crate_args.crate_name);
        real.then_some(crate_args)
    }

    fn codegen(&self, option: &str, crate_args: &mut CrateArgs, extra: &mut String) {
        match option.split_once('=') {
            Some(("extra-filename", value)) => *extra = value.to_owned(),
            Some(("incremental", value)) => crate_args.incremental = Some(self.cwd.join(value)),
            _ => {}
        }
        crate_args.flag("", option);
    }

    /// `[KIND=]PATH`: of crates, or of libraries of other languages.
    fn search(&self, path: &str, crate_args: &mut CrateArgs) {
        let path = match path.split_once('=') {
            Some(("native" | "all", path)) => path,
            Some(("dependency" | "crate" | "framework", _)) => return,
            _ => path,
        };
        crate_args.search.push(self.cwd.join(path));
    }

    /// The directory of the package that the command compiles, if cargo said it.
    pub fn manifest_dir(&self) -> Option<&Path> {
        self.env.get("CARGO_MANIFEST_DIR").map(Path::new)
    }
}

impl Native {
    /// Reads `[KIND[:MODIFIERS]=]NAME[:RENAME]`.
    fn read(text: &str) -> Native {
        let (kind, name) = text.split_once('=').unwrap_or(("", text));
        let name = name.split_once(':').map_or(name, |(_, renamed)| renamed).to_owned();
        Native { name, is_static: kind.split(':').next() == Some("static") }
    }
}

impl CrateArgs {
    fn flag(&mut self, kind: &str, option: &str) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        self.flags.push((format!("{kind}{name}"), value.to_owned()));
    }

    /// Reports whether debug information is packed into a file beside the executable.
    pub fn packs(&self) -> bool {
        self.value_of("split-debuginfo") == Some("packed")
    }

    /// Returns the value of a flag, as named in [`CrateArgs::flags`]. The last one counts.
    pub fn value_of(&self, flag: &str) -> Option<&str> {
        let found = self.flags.iter().rfind(|(name, _)| name == flag);
        found.map(|(_, value)| value.as_str())
    }

    /// The archives of other languages that the linker is given, besides what is in the rlib.
    pub fn native_archives(&self) -> impl Iterator<Item = PathBuf> {
        self.natives.iter().filter_map(|native| {
            let found = self.search.iter().find_map(|folder| {
                let file = |end: &str| folder.join(format!("lib{}.{end}", native.name));
                // Where either will do, the linker prefers this one in each folder.
                let shared = Some(file("so")).filter(|file| !native.is_static && file.exists());
                shared.or_else(|| Some(file("a")).filter(|file| file.exists()))
            });
            found.filter(|file| file.extension().is_some_and(|end| end == "a"))
        })
    }

    /// Reports whether the crate is linked into an executable of its own.
    pub fn is_binary(&self) -> bool {
        self.crate_types == ["bin"]
    }

    /// Reports whether the crate's objects are in an rlib, and nothing else would have to be
    /// linked.
    pub fn is_rlib(&self) -> bool {
        self.crate_types.iter().all(|kind| kind == "lib" || kind == "rlib")
    }

    /// Path of the rlib.
    pub fn rlib(&self) -> PathBuf {
        self.out_dir.join(format!("lib{}.rlib", self.key))
    }

    /// Returns the paths of everything that the command makes.
    pub fn outputs(&self) -> Vec<PathBuf> {
        let library = |end: &str| self.out_dir.join(format!("lib{}.{end}", self.key));
        let output = |kind: &String| match kind.as_str() {
            "bin" => self.out_dir.join(&self.key),
            "dylib" | "cdylib" | "proc-macro" => library("so"),
            "staticlib" => library("a"),
            _ => library("rlib"),
        };
        let mut outputs: Vec<PathBuf> = self.crate_types.iter().map(output).collect();
        outputs.dedup();
        outputs
    }

    /// Path of the dep-info file.
    pub fn dep_info(&self) -> PathBuf {
        self.out_dir.join(format!("{}.d", self.key))
    }

    /// Returns where the records of what is built in this folder are kept: for `target/debug/deps`
    /// it is `target/hot/capture/debug`, with the target's name before the profile's if there is
    /// one.
    pub fn store(&self) -> PathBuf {
        let (root, profile) = self.target_folder();
        root.join("hot/capture").join(profile)
    }

    /// The target folder, and below it the folder of the profile.
    pub fn target_folder(&self) -> (PathBuf, PathBuf) {
        let up = |path: &Path| path.parent().unwrap_or(path).to_owned();
        let mut folder = up(&self.out_dir);
        // A build script is made in `target/debug/build/<package>-<hash>`.
        if folder.file_name().is_some_and(|name| name == "build") {
            folder = up(&folder);
        }
        let levels = if self.target.is_some() { 2 } else { 1 };
        let root = (0..levels).fold(folder.clone(), |path, _| up(&path));
        let profile = folder.strip_prefix(&root).unwrap_or(&folder).to_owned();
        (root, profile)
    }

    /// The folder that holds cargo's lock and its fingerprints: `target/debug`.
    pub fn build_dir(&self) -> PathBuf {
        self.out_dir.parent().unwrap_or(&self.out_dir).to_owned()
    }
}

/// The key of the crate that an `--extern` path, or an artifact's file name, stands for.
///
/// ```
/// # use std::path::Path;
/// use hot_cli::build::rustc::key_of_artifact;
/// let path = Path::new("/t/debug/deps/libshop-fa3e6e2971e0d5e9.rmeta");
/// assert_eq!(key_of_artifact(path).as_deref(), Some("shop-fa3e6e2971e0d5e9"));
/// ```
pub fn key_of_artifact(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    Some(match path.extension().and_then(|e| e.to_str()) {
        Some("rlib" | "rmeta" | "so" | "dylib") => stem.strip_prefix("lib")?.to_owned(),
        _ => stem.to_owned(),
    })
}

/// Returns the name of the crate that a key stands for. A library that is compiled as a dynamic
/// library too has a key without a hash: cargo leaves it out of the name of the file.
///
/// ```
/// use hot_cli::build::rustc::name_of_key;
/// assert_eq!(name_of_key("shop-fa3e6e2971e0d5e9"), "shop");
/// assert_eq!(name_of_key("store"), "store");
/// ```
pub fn name_of_key(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(name, _hash)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(args: &[&str]) -> RustcInvocation {
        RustcInvocation {
            program: "rustc".into(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            cwd: "/w".into(),
            env: BTreeMap::new(),
        }
    }

    #[test]
    fn what_cargo_writes_is_read() {
        let crate_args = record(&[
            "--crate-name",
            "shop",
            "--edition=2024",
            "shop/src/lib.rs",
            "--error-format=json",
            "--crate-type",
            "lib",
            "--emit=dep-info,metadata,link",
            "-C",
            "embed-bitcode=no",
            "-C",
            "metadata=518b",
            "-C",
            "extra-filename=-fa3e",
            "--out-dir",
            "/t/debug/deps",
            "-C",
            "incremental=/t/debug/incremental",
            "-L",
            "dependency=/t/debug/deps",
            "--extern",
            "noprelude:base=/t/debug/deps/libbase-1.rmeta",
            "--extern",
            "proc_macro",
        ])
        .crate_args()
        .unwrap();
        assert_eq!(crate_args.key, "shop-fa3e");
        assert_eq!(crate_args.crate_types, ["lib"]);
        assert!(crate_args.is_rlib() && !crate_args.is_binary() && !crate_args.packs());
        assert_eq!(crate_args.incremental.as_deref(), Some(Path::new("/t/debug/incremental")));
        assert_eq!(crate_args.externs, [Path::new("/t/debug/deps/libbase-1.rmeta")]);
        assert_eq!(crate_args.rlib(), Path::new("/t/debug/deps/libshop-fa3e.rlib"));
        assert_eq!(crate_args.build_dir(), Path::new("/t/debug"));
    }

    #[test]
    fn relative_paths_count_from_the_directory_of_the_command() {
        let crate_args =
            record(&["--crate-name=a", "--emit=link", "--out-dir=deps", "-Zlto", "-Ca=b=c"]);
        let crate_args = crate_args.crate_args().unwrap();
        assert_eq!(crate_args.out_dir, Path::new("/w/deps"));
        let flags = [("Zlto", ""), ("a", "b=c")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert!(crate_args.is_binary() && crate_args.flags == flags, "{:?}", crate_args.flags);
    }

    #[test]
    fn records_are_kept_in_the_target_folder_whatever_its_layout() {
        let store = |args: &[&str]| {
            let args = [&["--crate-name=a", "--emit=dep-info,link"], args].concat();
            record(&args).crate_args().unwrap().store()
        };
        let capture = Path::new("/t/hot/capture");
        assert_eq!(store(&["--out-dir=/t/debug/deps"]), capture.join("debug"));
        assert_eq!(store(&["--out-dir=/t/fast/examples"]), capture.join("fast"));
        assert_eq!(store(&["--out-dir=/t/debug/build/a-1f"]), capture.join("debug"));
        let other = ["--out-dir=/t/wasm/release/deps", "--target", "wasm"];
        assert_eq!(store(&other), capture.join("wasm/release"));
    }

    #[test]
    fn what_is_not_the_users_has_its_lints_limited() {
        let crate_args = |args: &[&str]| {
            let args = [&["--crate-name=a", "--emit=link", "--out-dir=/t/d/deps"], args].concat();
            record(&args).crate_args().unwrap()
        };
        let own = crate_args(&["src/main.rs", "--check-cfg", "x.rs"]);
        assert!(!own.foreign && own.links);
        assert_eq!(own.root, Path::new("/w/src/main.rs"));
        assert!(
            crate_args(&["--cap-lints", "allow"]).foreign
                && crate_args(&["--cap-lints=warn"]).foreign
        );
    }

    #[test]
    fn archives_of_other_languages_are_found_as_the_linker_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["one", "two"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        for file in ["one/liba.a", "one/liba.so", "one/libb.so", "two/libb.a", "two/libc.a"] {
            std::fs::write(at(file), "").unwrap();
        }
        let (one, two) = (format!("native={}", at("one").display()), at("two"));
        let found = |libraries: &[&str]| {
            let args = ["--crate-name=a", "--emit=link", "--out-dir=/t/d/deps", "-L", &one];
            let two = format!("-L{}", two.display());
            let args = [&args, &["-L", "dependency=/t/d/deps", &two][..], libraries].concat();
            record(&args).crate_args().unwrap().native_archives().collect::<Vec<_>>()
        };
        assert_eq!(found(&["-l", "static=a"]), [at("one/liba.a")]);
        assert_eq!(found(&["-lstatic:+whole-archive,-bundle=x:a"]), [at("one/liba.a")]);
        assert_eq!(found(&["-l", "a", "-l", "dylib=b"]), [] as [PathBuf; 0]);
        assert_eq!(found(&["-lstatic=b", "-lc", "-lm"]), [at("two/libb.a"), at("two/libc.a")]);
    }

    #[test]
    fn questions_are_not_compilations() {
        assert_eq!(record(&["-vV"]).crate_args(), None);
        let probe = ["-", "--crate-name", "___", "--print=file-names", "--crate-type", "bin"];
        assert_eq!(record(&probe).crate_args(), None);
    }

    #[test]
    fn an_executable_has_its_key_as_its_name() {
        assert_eq!(key_of_artifact(Path::new("/t/deps/app-1f4d")).as_deref(), Some("app-1f4d"));
        assert_eq!(key_of_artifact(Path::new("/t/deps/libm-2.so")).as_deref(), Some("m-2"));
    }
}
