//! The socket without the program behind it: what is loaded here is counted, not run.

use super::*;
use hot_patch::patch::PatchId;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Barrier};

/// A folder of its own for each test.
struct Here(PathBuf);

impl Here {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hot-socket-{}-{test}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Here(path)
    }
    fn socket(&self) -> PathBuf {
        self.0.join("control")
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fake_hello() -> Reply {
    let patches = vec![PatchId(3)];
    Reply::Hello { protocol: PROTOCOL, pid: 7, build_id: vec![1], functions: 2, patches }
}

/// Answers a load with the bytes' number as the patch's.
fn fake_answer(request: Request, _: Instant) -> Reply {
    match request {
        Request::Load(bytes) if bytes.is_empty() => Reply::Failed { message: "empty".into() },
        Request::Load(bytes) => Reply::Loaded {
            id: PatchId(bytes.len() as u64),
            number: 1,
            functions: vec![],
            micros: 0,
        },
        Request::List => Reply::Functions(vec![]),
        Request::Leave => Reply::Left,
    }
}

/// Serves at `path` while `clients` run.
fn serving(path: &Path, clients: impl FnOnce()) {
    let bound = Bound::new(path).unwrap();
    let stop = Stop::new().unwrap();
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(&bound, &stop, &fake_hello, &fake_answer));
        // Ends the server also when an assertion of the clients fails.
        let clients = std::panic::catch_unwind(std::panic::AssertUnwindSafe(clients));
        stop.request();
        server.join().unwrap().unwrap();
        if let Err(panic) = clients {
            std::panic::resume_unwind(panic);
        }
    });
}

struct Client(UnixStream);

impl Client {
    fn new(path: &Path) -> Self {
        let mut client = Client(UnixStream::connect(path).unwrap());
        assert_eq!(client.hear(), Some(fake_hello()));
        client
    }
    fn hear(&mut self) -> Option<Reply> {
        let frame = message::read_frame(&mut self.0).unwrap()?;
        Some(Reply::from_bytes(&frame).unwrap())
    }
    fn ask(&mut self, request: &Request) -> Reply {
        message::write_frame(&mut self.0, &request.to_bytes()).unwrap();
        self.hear().unwrap()
    }
    fn loads(&mut self, length: usize) {
        let answer = self.ask(&Request::Load(vec![0; length]));
        assert!(matches!(answer, Reply::Loaded { id, .. } if id.0 == length as u64), "{answer:?}");
    }
}

#[test]
fn clients_come_one_after_another_and_at_once() {
    let here = Here::new("clients");
    serving(&here.socket(), || {
        Client::new(&here.socket()).loads(5);
        // One that says nothing, and one that stops in the middle of a frame.
        let _silent = Client::new(&here.socket());
        let mut slow = Client::new(&here.socket());
        slow.0.write_all(&[9, 0, 0, 0, 1]).unwrap();
        let served = AtomicUsize::new(0);
        thread::scope(|scope| {
            let all_here = Arc::new(Barrier::new(4));
            for length in 1..=4 {
                let (all_here, path, served) = (Arc::clone(&all_here), here.socket(), &served);
                scope.spawn(move || {
                    let mut client = Client::new(&path);
                    all_here.wait();
                    for _ in 0..50 {
                        client.loads(length);
                    }
                    assert_eq!(client.ask(&Request::List), Reply::Functions(vec![]));
                    // The scope's end orders this before the read below.
                    served.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(served.into_inner(), 4);
    });
    assert!(!here.socket().exists());
}

#[test]
fn a_failure_is_answered_and_the_conversation_goes_on() {
    let here = Here::new("failure");
    serving(&here.socket(), || {
        let mut client = Client::new(&here.socket());
        let failed = Reply::Failed { message: "empty".into() };
        assert_eq!(client.ask(&Request::Load(vec![])), failed);
        client.loads(1 << 20);
    });
}

#[test]
fn rubbish_ends_its_own_conversation_only() {
    let here = Here::new("rubbish");
    serving(&here.socket(), || {
        let mut other = Client::new(&here.socket());
        let over_long = (message::MAX_FRAME as u32 + 1).to_le_bytes();
        let cut_off = [&[3, 0, 0, 0, 1][..], &[0xff; 2]].concat();
        for rubbish in [&[1, 0, 0, 0, 0xff][..], &over_long, b"GET / HTTP/1.1\r\n\r\n", &cut_off] {
            let mut client = Client::new(&here.socket());
            client.0.write_all(rubbish).unwrap();
            let answer = client.hear();
            assert!(matches!(&answer, Some(Reply::Failed { .. })), "{rubbish:?}: {answer:?}");
            // The server's end may be gone with bytes unread, which resets the connection.
            assert!(!client.0.read(&mut [0]).is_ok_and(|read| read > 0));
            other.loads(3);
        }
    });
}

#[test]
fn the_file_is_private_and_goes_in_the_end() {
    let here = Here::new("private");
    let folder = here.0.join("made");
    let socket = folder.join("control");
    serving(&socket, || {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&socket)), (0o700, 0o600));
    });
    assert!(!socket.exists());
}

/// Runs on a thread of its own with the effective user ID of nobody, which only root may take.
#[cfg(target_os = "linux")]
fn as_nobody<R: Send>(work: impl FnOnce() -> R + Send) -> Option<R> {
    let nobody = || {
        // SAFETY: the system call, unlike the C library's function, changes this thread alone; what
        // it takes are numbers.
        let status = unsafe { libc::syscall(libc::SYS_setresuid, -1, 65534, -1) };
        (status == 0).then(work)
    };
    thread::scope(|scope| scope.spawn(nobody).join().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn another_user_is_kept_out_by_the_mode_and_by_who_it_is() {
    let here = Here::new("user");
    let path = here.socket();
    serving(&path, || {
        let Some(refused) = as_nobody(|| UnixStream::connect(&path).map(drop)) else {
            return eprintln!("not root: there is no other user to be");
        };
        let refused = refused.unwrap_err().kind();
        assert_eq!(refused, io::ErrorKind::PermissionDenied);

        // Also when somebody has opened the socket's mode to all.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let heard = as_nobody(|| {
            let mut client = UnixStream::connect(&path).unwrap();
            // One that is served hears no end.
            client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).map(|_| heard)
        });
        assert_eq!(heard.unwrap().unwrap(), [] as [u8; 0], "what another user hears");
        Client::new(&path).loads(4);
    });
}

#[test]
fn a_dead_socket_is_replaced_a_live_one_and_other_files_are_not() {
    let here = Here::new("dead");
    let path = here.socket();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    serving(&path, || {
        let refusal = Bound::new(&path).unwrap_err();
        assert!(refusal.contains("a running process listens there"), "{refusal}");
        Client::new(&path).loads(2);
    });
    fs::write(&path, "somebody's notes").unwrap();
    let refusal = Bound::new(&path).unwrap_err();
    assert!(refusal.contains("no socket"), "{refusal}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's notes");
}

#[test]
fn a_file_that_took_its_place_stays() {
    let here = Here::new("place");
    let bound = Bound::new(&here.socket()).unwrap();
    fs::rename(here.socket(), here.0.join("away")).unwrap();
    fs::write(here.socket(), "another's").unwrap();
    drop(bound);
    assert!(here.socket().exists());
}

#[cfg(all(feature = "enabled", target_os = "linux", target_arch = "x86_64"))]
#[crate::hot]
fn served() -> u32 {
    0
}

/// A tool may die at any moment: before it has sent a whole patch nothing is loaded, afterwards
/// the patch is live whether or not anybody hears of it. The next tool is told which are, and is
/// served.
#[cfg(all(feature = "enabled", target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_tool_that_dies_at_any_byte_leaves_the_program_as_it_was_and_the_next_is_served() {
    let here = Here::new("dies");
    let path = here.socket();
    let bound = Bound::new(&path).unwrap();
    let stop = Stop::new().unwrap();
    let reloader = Reloader::new().on_report(|_| ());
    let answers = |request, begun| answer(&reloader, request, begun);
    let frame = |value| {
        let file = load::tests::file_that_answers("hot/reload/socket/serve/tests/served", value);
        let mut frame = Vec::new();
        message::write_frame(&mut frame, &Request::Load(file).to_bytes()).unwrap();
        frame
    };
    let connect = || {
        let mut stream = UnixStream::connect(&path).unwrap();
        let hello = message::read_frame(&mut stream).unwrap().unwrap();
        let Reply::Hello { patches, .. } = Reply::from_bytes(&hello).unwrap() else { panic!() };
        (stream, patches.len())
    };
    let tools = || {
        let whole = frame(1);
        let (_, before) = connect();
        for length in 0..whole.len() {
            let (mut stream, _) = connect();
            stream.write_all(&whole[..length]).unwrap();
        }
        assert_eq!(served(), 0);
        // Other tests of this process load as well, but none of this function.
        let number = || {
            let functions = functions();
            functions.iter().find(|f| f.name.ends_with("served")).unwrap().patch.map(|p| p.number)
        };
        assert_eq!(number(), None);

        // One that is gone when the answer comes.
        let (mut stream, _) = connect();
        stream.write_all(&whole).unwrap();
        drop(stream);
        let begin = Instant::now();
        while served() == 0 && begin.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(served(), 1);
        assert!(number().is_some());

        let (mut stream, patches) = connect();
        assert!(patches > before, "it is told of the patch that is there");
        stream.write_all(&frame(2)).unwrap();
        let reply = message::read_frame(&mut stream).unwrap().unwrap();
        let reply = Reply::from_bytes(&reply).unwrap();
        assert!(matches!(reply, Reply::Loaded { .. }), "{reply:?}");
        assert_eq!(served(), 2);
    };
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(&bound, &stop, &super::hello, &answers));
        let tools = std::panic::catch_unwind(std::panic::AssertUnwindSafe(tools));
        stop.request();
        server.join().unwrap().unwrap();
        if let Err(panic) = tools {
            std::panic::resume_unwind(panic);
        }
    });
}

/// The tool was looking for another process. The socket is free then.
#[test]
fn a_process_that_is_not_meant_leaves_and_tells_so() {
    let here = Here::new("leaves");
    let path = here.socket();
    let bound = Bound::new(&path).unwrap();
    let stop = Stop::new().unwrap();
    // Somebody who listens in this process already is not waited for.
    let refusal = Bound::when_free(&path, &stop).unwrap_err();
    assert!(refusal.contains("a running process listens there"), "{refusal}");
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(&bound, &stop, &fake_hello, &fake_answer));
        let _silent = Client::new(&path);
        assert_eq!(Client::new(&path).ask(&Request::Leave), Reply::Left);
        assert_eq!(server.join().unwrap(), Ok(End::Dismissed));
    });
    drop(bound);
    assert!(Bound::when_free(&path, &Stop::new().unwrap()).unwrap().is_some());
}
