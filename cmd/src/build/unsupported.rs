//! Settings in which no edit can go live, or in which less holds of what goes live, and what to
//! change.
//!
//! One table ([`SETTINGS`]) holds the flags of rustc that matter, however they came to its command:
//! by the profile, by RUSTFLAGS, by cargo's configuration. A refusal is told before the program is
//! started, since what a person would otherwise take for live reload would be a restart at each
//! save: by the first compiler that cargo runs ([`of_command`]), so that nothing is built in vain,
//! or when all is built already ([`of`]). Then the executable itself is looked at too, which shows
//! what flags of the linker have done. The rest is told when the program runs ([`remarks`]).

use crate::build::rustc::CrateArgs;
use anyhow::{Context, Result};
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Object as _, ObjectSymbol as _, elf};
use std::path::Path;

/// A flag of rustc.
struct Setting {
    /// Its name as in [`CrateArgs::flags`].
    flag: &'static str,
    /// True if a value asks for what it does.
    asks: fn(&str) -> bool,
    /// Its effect, after "the profile" or the flag.
    does: &'static str,
    remedy: Remedy,
}

/// The remedy for a setting.
#[derive(Clone, Copy)]
enum Remedy {
    /// Another value in the profile: the key, its values in the manifest, one in the environment.
    Profile(&'static str, &'static str, &'static str),
    /// The flag has to go.
    Leave,
    /// Nothing: edits go live all the same.
    None,
}

/// Reports whether a switch is on.
fn on(value: &str) -> bool {
    !matches!(value, "off" | "no" | "n" | "false" | "0")
}

const LTO: &str = "optimises at link time (lto), so that what runs is not what the objects hold";
const STRIPS: &str = "strips the executable of its symbols, by which patches are bound to it";
const STATIC: &str = "the executable is not position independent, and patches are bound to ones that \
                      are: take `-C relocation-model=static` or `-no-pie` out of the flags of rustc \
                      and the linker";
const NOT_COUNTED: &str = "what new code does is not counted: the figures are those of the code that \
                           was built";

/// All that is known to matter. What is not here changes nothing (`link-dead-code`, `save-temps`,
/// `embed-bitcode`, `profile-use`), or is read from the executable.
const SETTINGS: [Setting; 9] = [
    Setting { flag: "lto", asks: on, does: LTO, remedy: Remedy::Profile("lto", "\"off\"", "off") },
    Setting {
        flag: "linker-plugin-lto",
        asks: on,
        does: LTO,
        remedy: Remedy::Profile("lto", "\"off\"", "off"),
    },
    Setting {
        flag: "panic",
        asks: |value| value != "unwind",
        does: "aborts on panic, and patches are compiled and unwound with the rest of the program",
        remedy: Remedy::Profile("panic", "\"unwind\"", "unwind"),
    },
    Setting {
        flag: "strip",
        asks: |value| value == "symbols",
        does: STRIPS,
        remedy: Remedy::Profile("strip", "\"debuginfo\" or \"none\"", "none"),
    },
    Setting {
        flag: "Zcodegen-backend",
        asks: |value| value != "llvm",
        does: "has another code generator than LLVM, whose objects hot does not know",
        remedy: Remedy::Profile("codegen-backend", "\"llvm\"", "llvm"),
    },
    Setting {
        flag: "Zfunction-sections",
        asks: |value| !on(value),
        does: "puts functions together, which then cannot be told apart",
        remedy: Remedy::Leave,
    },
    Setting { flag: "instrument-coverage", asks: on, does: NOT_COUNTED, remedy: Remedy::None },
    Setting {
        flag: "profile-generate",
        asks: |_| true,
        does: "counts in tables that a patch cannot bring along",
        remedy: Remedy::Leave,
    },
    Setting {
        flag: "Zsanitizer",
        asks: |_| true,
        does: "the sanitizer sees what new code does, but does not know of its statics",
        remedy: Remedy::None,
    },
];

impl Setting {
    /// Reports whether a crate is compiled so.
    fn holds(&self, crate_args: &CrateArgs) -> bool {
        crate_args.value_of(self.flag).is_some_and(self.asks)
    }

    /// The sentence about it.
    fn told(&self, profile: &str) -> String {
        let flag = match self.flag.strip_prefix('Z') {
            Some(flag) => format!("-Z {flag}"),
            None => format!("-C {}", self.flag),
        };
        let does = self.does;
        match self.remedy {
            Remedy::Profile(key, value, variable) => {
                let name = profile.replace('-', "_").to_uppercase();
                let upper = key.replace('-', "_").to_uppercase();
                format!(
                    "the profile `{profile}` {does}: set {key} = {value} in [profile.{profile}] of \
                     Cargo.toml, or CARGO_PROFILE_{name}_{upper}={variable} in the environment \
                     (unless flags of rustc, in RUSTFLAGS or cargo's configuration, say so)"
                )
            }
            Remedy::Leave => format!("`{flag}` {does}: take it out of the flags of rustc"),
            Remedy::None => format!("the program is compiled with `{flag}`: {does}"),
        }
    }
}

/// The sentences about the settings in which some of these crates are compiled, each once.
fn sentences<'a>(
    crates: impl Iterator<Item = &'a CrateArgs> + Clone,
    profile: &str,
    wanted: impl Fn(Remedy) -> bool,
) -> Vec<String> {
    let mut all = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| wanted(setting.remedy)) {
        let told = setting.told(profile);
        if !all.contains(&told) && crates.clone().any(|crate_args| setting.holds(crate_args)) {
            all.push(told);
        }
    }
    all
}

fn joined(all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| all.join("; besides, "))
}

/// Returns why no edit can go live in a program of which this crate becomes a part, as far as its
/// command tells.
pub fn of_command(crate_args: &CrateArgs, profile: &str) -> Option<String> {
    // What runs in the compiler has settings of its own.
    let is_part = !crate_args.crate_types.iter().any(|kind| kind == "proc-macro")
        && !crate_args.crate_name.starts_with("build_script_");
    let refused = |remedy| !matches!(remedy, Remedy::None);
    // That the executable is stripped says the command of a crate for the compiler as well, which
    // tells nothing of the other settings: it does not end the build by itself.
    let is_enough = |setting: &Setting| {
        refused(setting.remedy) && setting.flag != "strip" && setting.holds(crate_args)
    };
    if !SETTINGS.iter().any(is_enough) {
        return None;
    }
    joined(&sentences(std::iter::once(crate_args).filter(|_| is_part), profile, refused))
}

/// Returns what is to be told of a build in which edits go live.
pub fn remarks<'a>(
    crates: impl Iterator<Item = &'a CrateArgs> + Clone,
    profile: &str,
) -> Vec<String> {
    sentences(crates, profile, |remedy| matches!(remedy, Remedy::None))
}

/// Returns why no edit of this build can go live, if that is so: all reasons, since each that is
/// mended costs a build of everything.
///
/// # Errors
/// When the executable cannot be read.
pub fn of<'a>(
    crates: impl Iterator<Item = &'a CrateArgs> + Clone,
    is_runtime_shared: bool,
    profile: &str,
    executable: &Path,
) -> Result<Option<String>> {
    let mut all = sentences(crates, profile, |remedy| !matches!(remedy, Remedy::None));
    if is_runtime_shared {
        all.push(
            "hot itself is in a dynamic library, where it sees nothing of the executable's \
             functions: make the crate that brings it along an `rlib` (crate-type in [lib] of its \
             Cargo.toml), or leave out the feature that links it dynamically"
                .to_owned(),
        );
    }
    let bytes = std::fs::read(executable)
        .with_context(|| format!("failed to read {}", executable.display()))?;
    let file = ElfFile64::<object::Endianness>::parse(&*bytes)
        .with_context(|| format!("failed to read {}", executable.display()))?;
    let endian = file.endian();
    if file.elf_header().e_type(endian) != elf::ET_DYN {
        all.push(STATIC.to_owned());
    } else if !file.elf_program_headers().iter().any(|h| h.p_type(endian) == elf::PT_INTERP) {
        all.push(
            "the executable is linked statically, and patches are bound by the dynamic loader: take \
             `-C target-feature=+crt-static` out of the flags of rustc, or build for a target with a \
             dynamic libc"
                .to_owned(),
        );
    }
    let strips = SETTINGS.iter().find(|setting| setting.flag == "strip");
    let strips = strips.map(|setting| setting.told(profile)).unwrap_or_default();
    if !file.symbols().any(|symbol| symbol.is_definition()) && !all.contains(&strips) {
        all.push(strips);
    }
    if file.build_id().ok().flatten().is_none_or(<[u8]>::is_empty) {
        all.push(
            "the executable has no build ID, by which a patch knows its program: take \
             `--build-id=none` out of the flags of the linker, or add `-C \
             link-arg=-Wl,--build-id` to those of rustc"
                .to_owned(),
        );
    }
    Ok(joined(&all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::rustc::RustcInvocation;

    fn crate_args(flags: &[&str]) -> CrateArgs {
        let args = [&["--crate-name=a", "--emit=link", "--out-dir=/t/debug/deps"], flags].concat();
        let record = RustcInvocation {
            program: "rustc".into(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            cwd: "/w".into(),
            env: Default::default(),
        };
        record.crate_args().unwrap()
    }

    #[test]
    fn a_command_is_refused_for_what_it_says() {
        let why = |flags: &[&str]| of_command(&crate_args(flags), "my-own");
        let rows: [(&[&str], &str); 9] = [
            (&["-Clto"], "set lto = \"off\" in [profile.my-own]"),
            (&["-C", "lto=thin"], "or CARGO_PROFILE_MY_OWN_LTO=off in"),
            (&["-Clinker-plugin-lto"], "set lto = \"off\""),
            (&["-Cpanic=abort"], "set panic = \"unwind\""),
            (&["-Cpanic=immediate-abort"], "set panic = \"unwind\""),
            (&["-Cstrip=symbols", "-Clto"], "; besides, the profile `my-own` strips"),
            (&["-Cprofile-generate=/d"], "`-C profile-generate` counts in tables"),
            (&["-Z", "codegen-backend=cranelift"], "CARGO_PROFILE_MY_OWN_CODEGEN_BACKEND=llvm"),
            (&["-Zfunction-sections=no"], "`-Z function-sections` puts functions together"),
        ];
        for (flags, told) in rows {
            let why = why(flags).unwrap_or_else(|| panic!("{flags:?}"));
            assert!(why.contains(told), "{flags:?}: {why}");
        }
        let both = why(&["-Clto=fat", "-Clinker-plugin-lto", "-Cpanic=abort"]).unwrap();
        assert_eq!(both.matches("set lto").count(), 1, "{both}");
        assert!(both.contains("; besides, the profile `my-own` aborts"), "{both}");
    }

    #[test]
    fn what_changes_nothing_is_no_obstacle_and_the_last_flag_counts() {
        let kept = [
            &["-Clto=off", "-Clinker-plugin-lto=no", "-Cpanic=unwind"][..],
            &["-Cstrip=debuginfo", "-Cembed-bitcode=no", "-Csave-temps", "-Clink-dead-code"],
            &["-Cpanic=abort", "-Cpanic=unwind"],
            &["-Clto=fat", "--crate-type=proc-macro"],
            &["-Cinstrument-coverage", "-Zsanitizer=address", "-Cstrip=symbols"],
        ];
        for flags in kept {
            assert_eq!(of_command(&crate_args(flags), "dev"), None, "{flags:?}");
        }
        let remarks = |flags: &[&str]| {
            sentences([crate_args(flags)].iter(), "dev", |r| matches!(r, Remedy::None)).join(" ")
        };
        assert!(remarks(&["-Cinstrument-coverage"]).contains("`-C instrument-coverage`: what new"));
        assert!(remarks(&["-Zsanitizer=address"]).contains("`-Z sanitizer`: "));
        assert_eq!(remarks(&["-Cinstrument-coverage=off", "-Clto"]), "");
    }
}
