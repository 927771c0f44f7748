//! The reloader's thread, as a future and as a handle.
//!
//! The future has nothing to do with how the work is done: its first poll starts the thread, and
//! the thread's last act is to say so and to wake whoever polled last. So it runs anywhere.

use super::reloader::Reloader;
use super::report::Report;
use super::stop::Stop;
use super::{own_thread, worker};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

/// The end of the thread, and whom to wake then.
#[derive(Debug, Default)]
struct End {
    reached: bool,
    waker: Option<Waker>,
}

/// Says that the thread has ended, also when it panicked.
struct SayEnd(Arc<Mutex<End>>);

impl Drop for SayEnd {
    fn drop(&mut self) {
        let mut end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.reached = true;
        let waker = end.waker.take();
        // The waker may poll at once, on this thread.
        drop(end);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A reloader's thread.
#[derive(Debug)]
struct Running {
    stop: Arc<Stop>,
    end: Arc<Mutex<End>>,
    thread: JoinHandle<()>,
}

impl Running {
    fn start(reloader: Reloader) -> Option<Self> {
        let listener = reloader.clone();
        let started = || -> io::Result<Self> {
            let stop = Arc::new(Stop::new()?);
            let end = Arc::default();
            let say_end = SayEnd(Arc::clone(&end));
            let seen = Arc::clone(&stop);
            let work = move || {
                let _say_end = say_end;
                worker::work(&reloader, &seen);
            };
            let thread = thread::Builder::new().name("hot-reloader".into()).spawn(work)?;
            Ok(Running { stop, end, thread })
        };
        let fail = |error| {
            let message = format!("failed to start the reloader's thread: {error}");
            listener.report(&Report::Ended { message });
        };
        started().map_err(fail).ok()
    }
}

impl Reloader {
    /// Returns the reloader as a future; see [`reloader_loop`](super::reloader_loop).
    pub fn run(self) -> impl Future<Output = ()> + Send + 'static {
        Loop::new(self)
    }

    /// Starts the reloader on a thread of its own; see
    /// [`spawn_reloader`](super::spawn_reloader).
    pub fn spawn(self) -> ReloaderHandle {
        ReloaderHandle::new(self)
    }
}

/// The future of [`Reloader::run`].
pub(super) struct Loop(State);

enum State {
    Idle(Box<Reloader>),
    Running(Running),
    Done,
}

impl Loop {
    pub(super) fn new(reloader: Reloader) -> Self {
        Loop(State::Idle(Box::new(reloader)))
    }
}

impl Future for Loop {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let State::Idle(reloader) = &self.0 {
            self.0 = match Running::start((**reloader).clone()) {
                Some(running) => State::Running(running),
                None => State::Done,
            };
        }
        if let State::Running(running) = &self.0 {
            let mut end = running.end.lock().unwrap_or_else(PoisonError::into_inner);
            if !end.reached {
                match &mut end.waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
        }
        self.0 = State::Done;
        Poll::Ready(())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        if let State::Running(running) = &self.0 {
            running.stop.request();
        }
    }
}

/// A reloader that works on a thread of its own. Dropping the handle leaves it at work.
#[derive(Debug)]
pub struct ReloaderHandle(Option<Running>);

impl ReloaderHandle {
    pub(super) fn new(reloader: Reloader) -> Self {
        ReloaderHandle(Running::start(reloader))
    }

    /// Reports whether it has ended: its input is at its end, it could not begin, or it was
    /// stopped.
    pub fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(|running| running.thread.is_finished())
    }

    /// Waits until its input ends. With a socket or a folder it never does.
    pub fn join(self) {
        if let Some(running) = self.0 {
            // A panic of the thread has been printed by the panic hook.
            let _ = running.thread.join();
        }
    }

    /// Ends the reloader and waits until its socket is gone. A load that has begun is finished.
    ///
    /// Called on one of the reloader's own threads, from a listener or from patched code, it does
    /// not wait. Where the system has no `poll`, it does not wait for a thread that reads stdin.
    pub fn stop(self) {
        if let Some(running) = &self.0 {
            running.stop.request();
        }
        let own = own_thread::is_current();
        if cfg!(unix) && !own {
            self.join();
        }
    }
}
