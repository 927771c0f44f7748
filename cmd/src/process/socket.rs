//! Where the control sockets are: one folder that belongs to the user alone.

use super::process_tree::is_alive;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The longest path that the system takes for a socket, in bytes.
const LONGEST: usize = 107;

/// The folder: `$XDG_RUNTIME_DIR/hot`, or `hot-<uid>` among the temporary files.
pub fn folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(dir) if dir.is_absolute() && dir.is_dir() => dir.join("hot"),
        _ => std::env::temp_dir().join(format!("hot-{}", rustix::process::getuid().as_raw())),
    }
}

/// Makes the folder if it is not there, and removes what tools that were killed, and programs that
/// ended after them, have left in it.
///
/// # Errors
/// When it cannot be made, or is not the user's own: whoever can write there could put a socket
/// of their own in the place of the program's.
pub fn prepare(folder: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| {
        format!(
            "failed to make the folder {} for the control socket; set XDG_RUNTIME_DIR to a folder \
                 that you can write to, or remove what is in the way",
            folder.display()
        )
    })?;
    let meta = std::fs::symlink_metadata(folder)
        .with_context(|| format!("failed to look at {}", folder.display()))?;
    if !meta.is_dir() || meta.uid() != rustix::process::getuid().as_raw() {
        bail!(
            "{} is not a folder of your own; remove it, or set XDG_RUNTIME_DIR",
            folder.display()
        );
    }
    if meta.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("failed to close {} to others", folder.display()))?;
    }
    // A program whose tool was killed lives on: what it listens at and has put beside it stays.
    let is_dead = |socket: &Path| {
        let refused = |error: std::io::Error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound
            )
        };
        UnixStream::connect(socket).is_err_and(refused)
    };
    let beside = beside(folder).into_iter().filter(|(tool, path)| {
        let socket = path.file_stem().map(|stem| folder.join(stem).with_extension("sock"));
        !is_alive(*tool) && socket.is_none_or(|socket| is_dead(&socket))
    });
    // Another tool may be clearing up as well.
    for (_, path) in beside.collect::<Vec<_>>() {
        let _ = std::fs::remove_dir_all(path);
    }
    let sockets = sockets(folder).into_iter();
    for (_, path) in sockets.filter(|(tool, path)| !is_alive(*tool) && is_dead(path)) {
        let _ = std::fs::remove_file(path);
    }
    for (_, path) in logs(folder).into_iter().filter(|(tool, _)| !is_alive(*tool)) {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// The place for a log of this tool.
pub fn log(folder: &Path) -> PathBuf {
    folder.join(format!("{}.log", std::process::id()))
}

/// The logs in the folder, each with the process ID of its tool.
fn logs(folder: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let log = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name.strip_suffix(".log")?.parse().ok()?, entry.path()))
    };
    entries.flatten().filter_map(log).collect()
}

/// Returns what programs have put beside their sockets, each with the process ID of its tool:
/// folders `<tool>-<n>.debug-…`, in which backtraces find the names of patched functions.
fn beside(folder: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let tool = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let (socket, _) = name.split_once(".debug-")?;
        let (tool, _) = socket.split_once('-')?;
        Some((tool.parse().ok()?, entry.path()))
    };
    entries.flatten().filter_map(tool).collect()
}

/// Removes what the program of a socket has put beside it. The program has ended.
pub fn sweep(socket: &Path) {
    let (Some(folder), Some(stem)) = (socket.parent(), socket.file_stem()) else { return };
    for (_, path) in beside(folder) {
        // `4711-1.sock` and `4711-1.debug-4712-…`. The program may have removed it.
        if path.file_stem() == Some(stem) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// The sockets in the folder, each with the process ID of its tool.
pub fn sockets(folder: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut sockets: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (tool, _) = name.strip_suffix(".sock")?.split_once('-')?;
            Some((tool.parse().ok()?, entry.path()))
        })
        .collect();
    sockets.sort();
    sockets
}

/// The path of this tool's `n`th socket. Nothing is there afterwards.
///
/// # Errors
/// When the path is longer than the system allows.
pub fn path(folder: &Path, n: u32) -> Result<PathBuf> {
    let path = folder.join(format!("{}-{n}.sock", std::process::id()));
    if path.as_os_str().len() > LONGEST {
        bail!("{} is too long for a socket; set XDG_RUNTIME_DIR to a shorter path", path.display());
    }
    // Left by a tool of the same process ID, or not there.
    let _ = std::fs::remove_file(&path);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_closed_to_others_and_cleared_of_the_dead() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("hot");
        prepare(&folder).unwrap();
        // No process has this ID: it is over the kernel's limit.
        let dead = folder.join("99999999-1.sock");
        let alive = path(&folder, 1).unwrap();
        std::fs::write(&dead, "").unwrap();
        let (dead_names, names) =
            (folder.join("99999999-1.debug-7-a"), alive.with_extension("debug-7-b"));
        let others = path(&folder, 12).unwrap().with_extension("debug-7-c");
        for folder in [&dead_names, &names, &others] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(&alive, "").unwrap();
        // A program that has outlived its tool.
        let orphan = folder.join("99999998-1.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&orphan).unwrap();
        std::fs::create_dir(orphan.with_extension("debug-7-d")).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&folder).unwrap();
        assert!(!dead.exists() && alive.exists());
        assert!(orphan.exists() && orphan.with_extension("debug-7-d").exists());
        assert!(!dead_names.exists() && names.exists() && others.exists());
        sweep(&alive);
        assert!(!names.exists() && others.exists(), "those of one socket and no other's");
        assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        let mut both = vec![(std::process::id(), alive), (99_999_998, orphan)];
        both.sort();
        assert_eq!(sockets(&folder), both);
    }

    #[test]
    fn a_path_that_is_too_long_is_refused_with_a_sentence() {
        let error = path(&Path::new("/tmp").join("x".repeat(120)), 1).unwrap_err().to_string();
        assert!(error.contains("XDG_RUNTIME_DIR"), "{error}");
    }
}
