//! The end of a reloader, as its threads see it while they wait.
//!
//! A thread that waits for input cannot look at a flag. So on Unix every wait is a `poll` of two
//! descriptors, the input and a pipe; asking for the end writes one byte to the pipe, which is
//! never taken out again: all waits end, those of later threads too. Where there is no `poll`,
//! waits for time alone end at once, and one for a line of stdin ends with the line.

use std::io::{self, Read};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Asked once, for good.
#[derive(Debug)]
pub(super) struct Stop {
    requested: Mutex<bool>,
    changed: Condvar,
    #[cfg(unix)]
    pipe: (io::PipeReader, io::PipeWriter),
}

impl Stop {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Stop {
            requested: Mutex::new(false),
            changed: Condvar::new(),
            #[cfg(unix)]
            pipe: io::pipe()?,
        })
    }

    /// Asks for the end. Does not wait for it.
    pub(super) fn request(&self) {
        let mut requested = self.requested.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *requested, true) {
            return;
        }
        self.changed.notify_all();
        #[cfg(unix)]
        {
            // One byte into an empty pipe that this value holds at both ends cannot fail.
            let _ = io::Write::write(&mut &self.pipe.1, &[0]);
        }
    }

    pub(super) fn requested(&self) -> bool {
        *self.requested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for that long at most; true when the end is asked for.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let requested = self.requested.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(requested, time, |requested| !*requested);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until there is something to read, or an end of it; false when the end of the
    /// reloader is asked for first.
    #[cfg(unix)]
    pub(super) fn readable(&self, input: &impl std::os::fd::AsFd) -> io::Result<bool> {
        use std::os::fd::{AsFd, AsRawFd};
        let watch = |fd: std::os::fd::BorrowedFd<'_>| libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let mut watched = [watch(input.as_fd()), watch(self.pipe.0.as_fd())];
        loop {
            // SAFETY: the array holds two entries, and both descriptors stay open through the
            // call, since they are borrowed.
            let ready = unsafe { libc::poll(watched.as_mut_ptr(), 2, -1) };
            if ready >= 0 {
                // Errors and hang-ups count as readable: the read gives them.
                return Ok(watched[1].revents == 0);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

/// A reader whose reads fail with `ConnectionAborted` once the end is asked for.
pub(super) struct Stoppable<'a, R> {
    from: R,
    #[cfg_attr(not(unix), allow(dead_code))]
    stop: &'a Stop,
}

impl<'a, R> Stoppable<'a, R> {
    pub(super) fn new(from: R, stop: &'a Stop) -> Self {
        Stoppable { from, stop }
    }
}

#[cfg(unix)]
impl<R: Read + std::os::fd::AsFd> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.stop.readable(&self.from)? {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match self.from.read(buffer) {
                // Someone else made the descriptor non-blocking, or took what was there.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

#[cfg(not(unix))]
impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::Arc;

    #[test]
    fn a_blocked_read_ends_and_so_do_later_ones() {
        let stop = Arc::new(Stop::new().unwrap());
        let (from, mut to) = io::pipe().unwrap();
        to.write_all(b"ab").unwrap();
        let reader = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut from = Stoppable::new(from, &stop);
                let mut buffer = [0; 8];
                let first = from.read(&mut buffer).unwrap();
                (first, from.read(&mut buffer).unwrap_err().kind())
            }
        });
        assert!(!stop.wait(Duration::from_millis(20)));
        stop.request();
        assert_eq!(reader.join().unwrap(), (2, io::ErrorKind::ConnectionAborted));
        assert!(stop.wait(Duration::from_secs(60)));
        let (from, _to) = io::pipe().unwrap();
        assert!(!stop.readable(&from).unwrap());
    }
}
