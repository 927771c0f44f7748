//! The compiler, the linker, the system's limits, and what may be written where.

use super::finding::Finding;
use crate::process::socket;
use std::path::Path;
use std::process::{Command, Stdio};

/// The oldest compiler that will do.
const OLDEST: (u32, u32) = (1, 95);
/// With fewer watches than this, a large project is not watched as a whole.
const WATCHES: u64 = 8192;

/// Reads what rustc says of itself.
pub fn toolchain() -> Vec<Finding> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match Command::new(&rustc).arg("-vV").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => compiler(&String::from_utf8_lossy(&output.stdout)),
        Ok(output) => vec![Finding::prevents(
            "toolchain",
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            "install the toolchain with rustup",
        )],
        Err(error) => vec![Finding::prevents(
            "toolchain",
            format!("{} cannot be run: {error}", rustc.display()),
            "install Rust from https://rustup.rs",
        )],
    }
}

fn compiler(said: &str) -> Vec<Finding> {
    let field = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    let (release, host) = (field("release:"), field("host:"));
    let mut numbers = release.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = format!("rustc {release}");
    let mut findings = vec![if version < OLDEST {
        let todo = format!("hot needs {}.{} or later: rustup update stable", OLDEST.0, OLDEST.1);
        Finding::prevents("toolchain", found, todo)
    } else if release.contains('-') {
        let todo = "hot is made for stable; what is said of another compiler may not hold";
        Finding::concern("toolchain", found, todo)
    } else {
        Finding::good("toolchain", found)
    }];
    if !(host.starts_with("x86_64-") && host.contains("-linux-")) {
        let todo = "edits go live on Linux on x86-64 only";
        findings.push(Finding::prevents("machine", host, todo));
    }
    findings
}

/// Checks that there is a C compiler to link with.
pub fn linker() -> Vec<Finding> {
    let said = Command::new("cc").arg("--version").stdin(Stdio::null()).output();
    vec![match said {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Finding::good("linker", text.lines().next().unwrap_or("cc"))
        }
        _ => Finding::prevents(
            "linker",
            "there is no `cc`",
            "install one, as with: apt-get install gcc (rustc links with it)",
        ),
    }]
}

/// Checks that files can be made in a folder, or in the one that it would be made in.
pub fn writable(what: &'static str, folder: &Path) -> Finding {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    let file = there.join(format!(".hot-doctor-{}", std::process::id()));
    match std::fs::write(&file, "x") {
        Ok(()) => {
            // It was just made.
            let _ = std::fs::remove_file(&file);
            Finding::good(what, format!("{} can be written to", folder.display()))
        }
        Err(error) => Finding::prevents(
            what,
            format!("{} cannot be written to: {error}", there.display()),
            "give yourself the right, free some space, or name another folder",
        ),
    }
}

/// Checks that a control socket can be made where no other user can come.
pub fn sockets() -> Finding {
    let folder = socket::folder();
    let made = socket::prepare(&folder).and_then(|()| socket::path(&folder, 0));
    match made {
        Ok(_) => Finding::good("control socket", format!("{}, closed to others", folder.display())),
        Err(error) => Finding::prevents(
            "control socket",
            format!("{error:#}"),
            "set XDG_RUNTIME_DIR to a short path to a folder of your own",
        ),
    }
}

/// Checks that the system gives notice of changed files, and of how many.
pub fn notices() -> Vec<Finding> {
    if let Err(error) = notify::recommended_watcher(|_| ()) {
        let todo = "use --poll, or raise fs.inotify.max_user_instances with sysctl";
        return vec![Finding::concern("notices of files", error.to_string(), todo)];
    }
    let limit = |name: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}"));
        text.ok().and_then(|text| text.trim().parse::<u64>().ok())
    };
    vec![watches(limit("max_user_watches"))]
}

fn watches(limit: Option<u64>) -> Finding {
    const WHAT: &str = "notices of files";
    match limit {
        Some(few) if few < WATCHES => Finding::concern(
            WHAT,
            format!("{few} folders can be watched"),
            "use --poll, or raise fs.inotify.max_user_watches with sysctl",
        ),
        Some(many) => Finding::good(WHAT, format!("{many} folders can be watched")),
        None => Finding::good(WHAT, "from the system"),
    }
}

/// Checks that a debugger may attach to the program. Edits go live without.
pub fn tracing() -> Finding {
    let text = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    scope(text.trim())
}

fn scope(scope: &str) -> Finding {
    match scope {
        "" | "0" => Finding::good("gdb", "may attach to a running program"),
        _ => Finding::concern(
            "gdb",
            format!("kernel.yama.ptrace_scope is {scope}"),
            "run gdb as root to attach to a running program",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Health;
    use super::*;

    fn healths(said: &str) -> Vec<Health> {
        compiler(said).iter().map(|finding| finding.health).collect()
    }

    #[test]
    fn compilers_are_judged_by_version_channel_and_host() {
        let said =
            |release: &str, host: &str| format!("rustc x\nhost: {host}\nrelease: {release}\n");
        let linux = "x86_64-unknown-linux-gnu";
        assert_eq!(healths(&said("1.95.0", linux)), [Health::Good]);
        assert_eq!(healths(&said("2.0.1", linux)), [Health::Good]);
        assert_eq!(healths(&said("1.94.1", linux)), [Health::Prevents]);
        assert_eq!(healths(&said("1.97.0-nightly", linux)), [Health::Concern]);
        assert_eq!(
            healths(&said("1.95.0", "aarch64-apple-darwin")),
            [Health::Good, Health::Prevents]
        );
    }

    #[test]
    fn limits_are_told_with_what_helps() {
        assert_eq!(watches(Some(1_000_000)).health, Health::Good);
        let few = watches(Some(100));
        assert!(few.health == Health::Concern && few.todo.contains("--poll"), "{few:?}");
        assert_eq!(scope("1").health, Health::Concern);
        let missing = writable("target", Path::new("/proc/none/such"));
        assert_eq!(missing.health, Health::Prevents, "{missing:?}");
        assert_eq!(writable("target", &std::env::temp_dir().join("a/b")).health, Health::Good);
    }
}
