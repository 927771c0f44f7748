//! The socket's file: made, guarded and taken away again.
//!
//! A process that was killed leaves its file behind. Whether one in our way is such a rest or
//! somebody's working socket, a connection shows: on the former none is accepted. The file goes
//! when the reloader ends and when the process exits; never another one that has taken its place,
//! and never from a forked child.

use super::super::stop::Stop;
use super::peer;
use super::unshared::Unshared;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// How long another process may go on listening before that is a failure.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether the socket has become free.
const LOOK: Duration = Duration::from_millis(50);

/// The message of a process that the tool has not started.
pub(super) const NOT_MEANT: &str = "this process goes on with the code that it was started with: edits go live \
                         in the program that `hot` has started, and this is another process, which \
                         has inherited HOT_SOCKET from it";

/// A listening socket with its file.
#[derive(Debug)]
pub(super) struct Bound {
    /// Goes first.
    _unshared: Unshared,
    listener: UnixListener,
    file: SocketFile,
}

impl Bound {
    /// Listens at `path`. A missing folder is made, for this user alone.
    pub(super) fn new(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| {
            format!("failed to listen on the control socket `{}`: {error}", path.display())
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                clear(path)?;
                UnixListener::bind(path).map_err(failed)?
            }
            bound => bound.map_err(failed)?,
        };
        let file = SocketFile::new(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        // A client may be gone between poll and accept.
        listener.set_nonblocking(true).map_err(failed)?;
        file.remove_at_exit();
        Ok(Bound { _unshared: Unshared::new(&listener), listener, file })
    }

    /// Listens at `path` once no other process does; `None` when `stop` is asked for before.
    ///
    /// An ancestor of this process that listens is the program, and goes on. Somebody else may be
    /// a process that the program has started, and that was quicker: the tool has it leave.
    pub(super) fn when_free(path: &Path, stop: &Stop) -> Result<Option<Self>, String> {
        let begun = Instant::now();
        loop {
            let why = match Bound::new(path) {
                Ok(bound) => return Ok(Some(bound)),
                Err(why) => why,
            };
            let other = peer::listener(path).filter(|pid| *pid != std::process::id());
            let Some(other) = other.filter(|_| begun.elapsed() < PATIENCE) else {
                return Err(why);
            };
            if peer::is_ancestor(other) {
                return Err(NOT_MEANT.to_owned());
            }
            if stop.wait(LOOK) {
                return Ok(None);
            }
        }
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.file.remove();
        *AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Removes what a dead process has left at `path`, and nothing else.
fn clear(path: &Path) -> Result<(), String> {
    let at = path.display();
    let failed =
        |error: io::Error| format!("failed to clear the control socket `{at}` for use: {error}");
    if !fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket() {
        return Err(format!(
            "failed to listen on the control socket `{at}`: a file that is no socket is there; \
             move it away or name another path"
        ));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(_) => Err(format!(
            "failed to listen on the control socket `{at}`: a running process listens there; \
             stop it or name another path (a child inherits HOT_SOCKET from its parent: \
             remove it from the child's environment)"
        )),
    }
}

/// The file that one `bind` has made.
#[derive(Clone, Debug)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// The process that made it.
    pid: u32,
}

/// Removed when the process exits.
static AT_EXIT: Mutex<Option<SocketFile>> = Mutex::new(None);

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        // When it is removed, the working folder may be another one.
        let path = std::path::absolute(path)?;
        Ok(SocketFile { path, device, inode, pid: std::process::id() })
    }

    fn remove(&self) {
        let ours =
            |metadata: fs::Metadata| metadata.dev() == self.device && metadata.ino() == self.inode;
        if self.pid == std::process::id() && fs::symlink_metadata(&self.path).is_ok_and(ours) {
            // If it cannot be removed, the next process finds that none listens, and replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn remove_at_exit(&self) {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handler is a function of this program and is never unloaded; it does
            // not unwind. That it cannot be registered costs a left-over file.
            unsafe { libc::atexit(at_exit) };
        });
        *AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clone());
    }
}

extern "C" fn at_exit() {
    // Whoever holds the lock removes the file now, or was stopped by a fork.
    if let Ok(file) = AT_EXIT.try_lock()
        && let Some(file) = &*file
    {
        file.remove();
    }
}
