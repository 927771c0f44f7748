//! A child of this process that shall end by itself.

/// Forks; the child does this work, and is ended by an alarm if that takes so many seconds. Returns
/// its status: 0 when the work answered `true`, 256 when it answered `false`, 14 by the alarm.
pub fn status_of_child(seconds: u32, work: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child calls what is safe in one with a single thread (glibc's allocator is), and
    // ends without running what the parent has for its own end.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: as above.
        unsafe {
            libc::alarm(seconds);
            libc::_exit(if work() { 0 } else { 1 });
        }
    }
    let mut status = 0;
    // SAFETY: the child is the caller's; the status is written to.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    status
}
