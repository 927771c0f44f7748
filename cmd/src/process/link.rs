//! The connection to the reloader inside the program.
//!
//! The program listens, once it has come to its `hot::reloader_loop()`; until then a thread tries
//! again and again. Whoever needs the connection waits for it, with a limit. Another process that
//! listens in its place ([`Lineage`]) is sent away.

use super::lineage::Lineage;
use anyhow::{Context, Result, anyhow, bail};
use hot_patch::message::{PROTOCOL, Reply, Request, read_frame, write_frame};
use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the program may take to answer.
pub const ANSWER: Duration = Duration::from_secs(10);

/// The program's words about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Process ID of who listens.
    pub pid: u32,
    /// Build ID of its executable.
    pub build_id: Vec<u8>,
    /// Number of its hot functions.
    pub functions: u32,
    /// Number of the patches that it had loaded by then.
    pub patches: usize,
}

/// The error of a connection that the other side has ended.
const CLOSED: &str = "the program closed the control socket: it has ended, has stopped its reloader, \
                      or has become another program (exec)";

/// The connection, or the attempt at one.
#[derive(Debug)]
pub struct Link {
    socket: PathBuf,
    lineage: Lineage,
    /// Processes that listened and were not the program.
    others: Mutex<BTreeSet<u32>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
enum State {
    /// Nobody listens yet.
    Trying,
    Open(UnixStream, Hello),
    /// The program speaks another language, or the connection broke.
    Broken(String),
    /// The program has ended or is being stopped.
    Closed,
}

impl Link {
    /// Begins to try. `opened` is called on a thread of its own once the program listens.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn connect(
        socket: PathBuf,
        lineage: Lineage,
        opened: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Link>> {
        let (others, state) = (Mutex::default(), Mutex::new(State::Trying));
        let link = Arc::new(Link { socket, lineage, others, state, changed: Condvar::new() });
        let trying = Arc::clone(&link);
        std::thread::Builder::new()
            .name("connect".into())
            .spawn(move || {
                if trying.keep_trying() {
                    opened();
                }
            })
            .context("failed to start a thread")?;
        Ok(link)
    }

    /// Begins again, at the same socket, with whoever listens there next.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn again(&self, opened: impl FnOnce() + Send + 'static) -> Result<Arc<Link>> {
        Link::connect(self.socket.clone(), self.lineage, opened)
    }

    /// Where the program listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reports whether the program was found to listen.
    fn keep_trying(&self) -> bool {
        let mut pause = Duration::from_millis(5);
        while matches!(*self.lock(), State::Trying) {
            // Until the program listens there is no file, or one that refuses.
            if let Ok(stream) = UnixStream::connect(&self.socket)
                && self.is_program(&stream)
            {
                let next = match greet(&stream) {
                    Ok(hello) => State::Open(stream, hello),
                    Err(error) => State::Broken(format!("{error:#}")),
                };
                let mut state = self.lock();
                if matches!(*state, State::Trying) {
                    *state = next;
                    self.changed.notify_all();
                }
                return matches!(*state, State::Open(..));
            }
            std::thread::sleep(pause);
            pause = (pause * 5 / 4).min(Duration::from_millis(100));
        }
        false
    }

    /// Reports whether the program listens. Another process is sent away; it may be gone already.
    fn is_program(&self, stream: &UnixStream) -> bool {
        let Some(other) = peer(stream).filter(|pid| !self.lineage.admits(*pid)) else {
            return true;
        };
        if greet(stream).is_ok() {
            let _ = exchange(stream, &Request::Leave);
        }
        self.others.lock().unwrap_or_else(PoisonError::into_inner).insert(other);
        false
    }

    /// Returns the processes that have listened and are not the program.
    pub fn others(&self) -> BTreeSet<u32> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the program listens: what it said then, or `None` when it does not listen
    /// within `limit` or `stop` says so.
    ///
    /// # Errors
    /// When the connection is broken or the program has ended.
    pub fn wait(&self, limit: Duration, stop: impl Fn() -> bool) -> Result<Option<Hello>> {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            match &*state {
                State::Open(_, hello) => return Ok(Some(hello.clone())),
                State::Broken(why) => bail!("{why}"),
                State::Closed => bail!("the program has ended"),
                State::Trying => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || stop() {
                return Ok(None);
            }
            // In short turns, since `stop` wakes nobody.
            let turn = left.min(Duration::from_millis(20));
            state = match self.changed.wait_timeout(state, turn) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When the program does not listen, or does not answer within [`ANSWER`]. The connection
    /// cannot be used after that.
    pub fn ask(&self, request: &Request) -> Result<Reply> {
        let stream = match &*self.lock() {
            State::Open(stream, _) => {
                stream.try_clone().context("failed to use the control socket")?
            }
            State::Broken(why) => bail!("{why}"),
            State::Closed => bail!("the program has ended"),
            State::Trying => bail!("the program does not listen for patches"),
        };
        let answer = exchange(&stream, request);
        if let Err(error) = &answer {
            let mut state = self.lock();
            if !matches!(*state, State::Closed) {
                *state = State::Broken(format!("{error:#}"));
            }
        }
        answer
    }

    /// Ends the connection for good, and removes the socket.
    pub fn close(&self) {
        let mut state = self.lock();
        if let State::Open(stream, _) = &*state {
            // It may be closed from the other side already.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        *state = State::Closed;
        self.changed.notify_all();
        // The program may have removed it.
        let _ = std::fs::remove_file(&self.socket);
    }

    /// Removes what the program has left beside the socket, once it has ended.
    pub fn sweep(&self) {
        super::socket::sweep(&self.socket);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program that somebody else has started, and that listens.
#[derive(Debug)]
pub struct Probe {
    stream: UnixStream,
    /// Its words about itself.
    pub hello: Hello,
}

impl Probe {
    /// Connects to the program that listens at `socket`; `None` when none does.
    ///
    /// # Errors
    /// When it cannot be connected to, or does not say hello within [`ANSWER`].
    pub fn connect(socket: &Path) -> Result<Option<Probe>> {
        let stream = match UnixStream::connect(socket) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return Ok(None),
            connected => {
                connected.with_context(|| format!("failed to connect to {}", socket.display()))?
            }
        };
        let hello = greet(&stream)?;
        Ok(Some(Probe { stream, hello }))
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// When the program does not answer within [`ANSWER`].
    pub fn ask(&self, request: &Request) -> Result<Reply> {
        exchange(&self.stream, request)
    }
}

/// The process that listens at the other end, as the system reports it; `None` when it cannot be
/// seen from here.
fn peer(stream: &UnixStream) -> Option<u32> {
    let credentials = rustix::net::sockopt::socket_peercred(stream).ok()?;
    u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()
}

fn greet(stream: &UnixStream) -> Result<Hello> {
    match receive(stream)? {
        Reply::Hello { protocol: PROTOCOL, pid, build_id, functions, patches } => {
            // In a namespace of its own the program knows itself by another number.
            let pid = peer(stream).unwrap_or(pid);
            Ok(Hello { pid, build_id, functions, patches: patches.len() })
        }
        Reply::Hello { protocol, .. } => bail!(
            "the program speaks version {protocol} of the protocol, this tool version {PROTOCOL}; \
             use the hot tool of the version that the program was built with"
        ),
        other => bail!("the program did not say hello but {other:?}"),
    }
}

fn exchange(mut stream: &UnixStream, request: &Request) -> Result<Reply> {
    stream.set_write_timeout(Some(ANSWER)).context("failed to use the control socket")?;
    write_frame(&mut stream, &request.to_bytes()).map_err(|error| lost(&error, "send to"))?;
    receive(stream)
}

/// A connection that failed.
fn lost(error: &std::io::Error, what: &str) -> anyhow::Error {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionReset | NotConnected | UnexpectedEof => anyhow!(CLOSED),
        _ => anyhow!("failed to {what} the program: {error}"),
    }
}

fn receive(mut stream: &UnixStream) -> Result<Reply> {
    stream.set_read_timeout(Some(ANSWER)).context("failed to use the control socket")?;
    let frame = match read_frame(&mut stream) {
        Ok(Some(frame)) => frame,
        Ok(None) => bail!(CLOSED),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            bail!(
                "the program did not answer within {} s; its reloader is blocked",
                ANSWER.as_secs()
            )
        }
        Err(error) => return Err(lost(&error, "hear from")),
    };
    Reply::from_bytes(&frame).context("failed to understand the program's answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hot_patch::patch::PatchId;
    use std::os::unix::net::UnixListener;

    /// The program is a thread of this process.
    fn own() -> Lineage {
        Lineage::of(std::process::id(), None)
    }

    fn hello(protocol: u32) -> Reply {
        Reply::Hello { protocol, pid: 7, build_id: vec![1], functions: 3, patches: Vec::new() }
    }

    #[test]
    fn a_program_that_listens_late_is_found_and_answers() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("a.sock");
        let link = Link::connect(socket.clone(), own(), || ()).unwrap();
        assert_eq!(link.wait(Duration::from_millis(20), || false).unwrap(), None);
        let listener = UnixListener::bind(&socket).unwrap();
        let program = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            write_frame(&mut stream, &hello(PROTOCOL).to_bytes()).unwrap();
            let request = Request::from_bytes(&read_frame(&mut stream).unwrap().unwrap()).unwrap();
            let loaded = Reply::Loaded {
                id: PatchId(5),
                number: 1,
                functions: vec!["a/f".into()],
                micros: 9,
            };
            write_frame(&mut stream, &loaded.to_bytes()).unwrap();
            request
        });
        let found = link.wait(Duration::from_secs(10), || false).unwrap().unwrap();
        assert_eq!(
            found,
            Hello { pid: std::process::id(), build_id: vec![1], functions: 3, patches: 0 }
        );
        let reply = link.ask(&Request::Load(vec![1, 2])).unwrap();
        assert!(matches!(reply, Reply::Loaded { id: PatchId(5), .. }));
        assert_eq!(program.join().unwrap(), Request::Load(vec![1, 2]));
        // The program has closed its end.
        let error = link.ask(&Request::List).unwrap_err().to_string();
        assert!(error.contains("program"), "{error}");
        link.close();
        assert!(!socket.exists());
    }

    /// A child of the program has inherited the name of the socket, and is quicker.
    #[test]
    fn another_process_that_listens_is_told_to_leave() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("a.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        // Nothing below this process is this process.
        let lineage = Lineage::of(u32::MAX, Some(Path::new("/")));
        let link = Link::connect(socket, lineage, || panic!("it is not the program")).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        write_frame(&mut stream, &hello(PROTOCOL).to_bytes()).unwrap();
        let asked = read_frame(&mut stream).unwrap().unwrap();
        assert_eq!(Request::from_bytes(&asked).unwrap(), Request::Leave);
        write_frame(&mut stream, &Reply::Left.to_bytes()).unwrap();
        // It is tried again, for the program.
        let _next = listener.accept().unwrap();
        assert_eq!(link.others(), BTreeSet::from([std::process::id()]));
        assert_eq!(link.wait(Duration::ZERO, || false).unwrap(), None);
        link.close();
    }

    /// A program that is killed: wherever that is on the way of a patch, it is told at once.
    #[test]
    fn a_program_that_dies_at_any_step_is_told_to_be_gone() {
        let hello = hello(PROTOCOL).to_bytes();
        let loaded = Reply::Failed { message: "long".repeat(100) }.to_bytes();
        // How much it says of hello; whether it then reads nothing, some, or all; how much it
        // answers.
        let steps = [
            (0, 0, 0),
            (3, 0, 0),
            (hello.len(), 0, 0),
            (hello.len() + 4, 0, 0),
            (hello.len() + 4, 1000, 0),
            (hello.len() + 4, usize::MAX, 0),
            (hello.len() + 4, usize::MAX, 3),
            (hello.len() + 4, usize::MAX, loaded.len()),
        ];
        for (greets, reads, answers) in steps {
            let dir = tempfile::tempdir().unwrap();
            let socket = dir.path().join("a.sock");
            let listener = UnixListener::bind(&socket).unwrap();
            let framed = |content: &[u8]| {
                let mut frame = Vec::new();
                write_frame(&mut frame, content).unwrap();
                frame
            };
            let (hello, loaded) = (framed(&hello), framed(&loaded));
            let program = std::thread::spawn(move || {
                use std::io::{Read, Write};
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(&hello[..greets]).unwrap();
                match reads {
                    0 => {}
                    usize::MAX => drop(read_frame(&mut stream).unwrap()),
                    some => stream.read_exact(&mut vec![0; some]).unwrap(),
                }
                stream.write_all(&loaded[..answers]).unwrap();
            });
            let link = Link::connect(socket, own(), || ()).unwrap();
            let begin = Instant::now();
            // More than the system keeps for a socket.
            let request = Request::Load(vec![7; 4 << 20]);
            let told = match link.wait(Duration::from_secs(60), || false) {
                Ok(found) => {
                    assert!(found.is_some());
                    link.ask(&request).unwrap_err().to_string()
                }
                Err(error) => error.to_string(),
            };
            assert!(
                told.contains("closed the control socket"),
                "{greets} {reads} {answers}: {told}"
            );
            assert!(begin.elapsed() < ANSWER, "it was waited for");
            assert!(link.ask(&request).is_err(), "a connection that broke is not used again");
            program.join().unwrap();
        }
    }

    #[test]
    fn another_protocol_is_refused_with_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("a.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let link = Link::connect(socket, own(), || ()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        write_frame(&mut stream, &hello(PROTOCOL + 1).to_bytes()).unwrap();
        let error = link.wait(Duration::from_secs(10), || false).unwrap_err().to_string();
        assert!(error.contains("version"), "{error}");
    }
}
