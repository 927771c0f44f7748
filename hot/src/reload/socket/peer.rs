//! Who is at the other end of a socket.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Reports whether the client runs as the user this process runs as. The socket's mode says the
/// same; this holds where the mode does not, on some systems and in the moment before it is set.
pub(super) fn is_own_user(client: &UnixStream) -> bool {
    // SAFETY: the call takes nothing and cannot fail.
    let own = unsafe { libc::geteuid() };
    user(client) == Some(own)
}

/// Returns the process that listens at a path; `None` when no process does, or the system does not
/// say.
pub(super) fn listener(path: &Path) -> Option<u32> {
    process(&UnixStream::connect(path).ok()?)
}

/// Reports whether a process is the parent of this one, or a parent's parent.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_ancestor(pid: u32) -> bool {
    let parent = |of: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).ok()?;
        // `4711 (name) S 4710 …`: the name may hold anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.split(' ').nth(1)?.parse().ok().filter(|&parent: &u32| parent != 0)
    };
    std::iter::successors(Some(std::process::id()), |&of| parent(of)).skip(1).any(|p| p == pid)
}

/// Reports whether a process is the parent of this one.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn is_ancestor(pid: u32) -> bool {
    std::os::unix::process::parent_id() == pid
}

/// Returns the effective user of the process at the other end.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn user(other: &UnixStream) -> Option<libc::uid_t> {
    credentials(other).map(|credentials| credentials.uid)
}

/// Returns the process at the other end; `None` when it cannot be seen from here.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn process(other: &UnixStream) -> Option<u32> {
    let pid = credentials(other).and_then(|credentials| u32::try_from(credentials.pid).ok());
    pid.filter(|&pid| pid != 0)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn process(_: &UnixStream) -> Option<u32> {
    None
}

/// Returns the credentials of the process at the other end.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn credentials(client: &UnixStream) -> Option<libc::ucred> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `length` is the size of `credentials`, both outlive the call, and the descriptor is
    // open while `client` is borrowed.
    let status = unsafe {
        libc::getsockopt(
            client.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    (status == 0).then_some(credentials)
}

/// Returns the effective user of the process at the other end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn user(client: &UnixStream) -> Option<libc::uid_t> {
    let (mut user, mut group) = (0, 0);
    // SAFETY: both results outlive the call, and the descriptor is open while `client` is borrowed.
    let status = unsafe { libc::getpeereid(client.as_raw_fd(), &raw mut user, &raw mut group) };
    (status == 0).then_some(user)
}
