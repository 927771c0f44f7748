//! Who is at the other end of a socket.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Whether the client runs as the user this process runs as. The socket's mode says the same; this
/// holds where the mode does not, on some systems and in the moment before it is set.
pub(super) fn is_own_user(client: &UnixStream) -> bool {
    // SAFETY: the call takes nothing and cannot fail.
    let own = unsafe { libc::geteuid() };
    user(client) == Some(own)
}

/// The effective user of the process that connected.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn user(client: &UnixStream) -> Option<libc::uid_t> {
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
    (status == 0).then_some(credentials.uid)
}

/// The effective user of the process that connected.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn user(client: &UnixStream) -> Option<libc::uid_t> {
    let (mut user, mut group) = (0, 0);
    // SAFETY: both results outlive the call, and the descriptor is open while `client` is borrowed.
    let status = unsafe { libc::getpeereid(client.as_raw_fd(), &raw mut user, &raw mut group) };
    (status == 0).then_some(user)
}
