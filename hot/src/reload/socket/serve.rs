//! The conversation with each client.

use super::super::reloader::Reloader;
use super::super::report::Report;
use super::super::stop::{Stop, Stoppable};
use super::super::{apply, own_thread};
use super::bound::{Bound, NOT_MEANT};
use super::peer;
use super::unshared::Unshared;
use crate::load::{self, Loaded};
use crate::registry;
use hot_patch::message::{self, FunctionInfo, PROTOCOL, PatchInfo, Reply, Request};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client may leave an answer unread.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after a failed accept: what it lacks, descriptors for instance, may be freed meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens until `stop` is asked for.
pub(in crate::reload) fn run(reloader: &Reloader, stop: &Stop, path: &Path) -> Result<(), String> {
    let Some(bound) = Bound::when_free(path, stop)? else { return Ok(()) };
    match serve(&bound, stop, &hello, &|request, begun| answer(reloader, request, begun))? {
        End::Stopped => Ok(()),
        End::Dismissed => Err(NOT_MEANT.to_owned()),
    }
}

/// The reason why no client is served any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The reloader's owner has asked for it.
    Stopped,
    /// The tool has: it was looking for another process.
    Dismissed,
}

/// Returns the greeting of each client.
fn hello() -> Reply {
    Reply::Hello {
        protocol: PROTOCOL,
        pid: std::process::id(),
        build_id: load::build_id().to_vec(),
        functions: u32::try_from(registry::functions().len()).unwrap_or(u32::MAX),
        patches: load::loaded(),
    }
}

fn answer(reloader: &Reloader, request: Request, begun: Instant) -> Reply {
    match request {
        Request::Load(bytes) => match apply::patch(&bytes) {
            Ok(loaded) => {
                let Loaded { id, number, functions } = loaded;
                let time = begun.elapsed();
                let reply_functions = functions.clone();
                reloader.report(&Report::Reloaded { path: None, functions, time });
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                Reply::Loaded { id, number, functions: reply_functions, micros }
            }
            Err(message) => {
                reloader.report(&Report::Failed { path: None, message: message.clone() });
                Reply::Failed { message }
            }
        },
        Request::List => Reply::Functions(functions()),
        Request::Leave => Reply::Left,
    }
}

fn functions() -> Vec<FunctionInfo> {
    let info = |function: &registry::Function| FunctionInfo {
        name: function.name().to_string(),
        signature: function.signature().to_string(),
        file: function.file().to_string(),
        line: function.line(),
        layer: function.layer().to_string(),
        patch: function.patch().and_then(patch_info),
    };
    registry::functions().iter().map(info).collect()
}

fn patch_info(number: u32) -> Option<PatchInfo> {
    let (id, time) = load::patch(number)?;
    Some(PatchInfo { number, id, age: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) })
}

/// Who has connected.
struct Client {
    /// Goes first.
    _unshared: Unshared,
    stream: UnixStream,
}

/// Accepts clients and gives each a thread, until `stop` is asked for.
fn serve(
    bound: &Bound,
    stop: &Stop,
    hello: &(dyn Fn() -> Reply + Sync),
    answer: &(dyn Fn(Request, Instant) -> Reply + Sync),
) -> Result<End, String> {
    let failed = |error: io::Error| format!("failed to wait on the control socket: {error}");
    // Relaxed: it is read after the scope, which orders it after all of its threads.
    let dismissed = &AtomicBool::new(false);
    // Leaving the scope waits for the clients' threads, whose reads end with `stop`.
    thread::scope(|scope| -> Result<(), String> {
        while stop.readable(bound.listener()).map_err(failed)? {
            let Ok((client, _)) = bound.listener().accept() else {
                if stop.wait(PAUSE) {
                    break;
                }
                continue;
            };
            if !peer::is_own_user(&client) {
                continue;
            }
            let client = Client { _unshared: Unshared::new(&client), stream: client };
            let converse = move || {
                own_thread::mark();
                let client = client;
                // An error ends the conversation; the client knows or is gone.
                if let Ok(End::Dismissed) = converse(&client.stream, stop, hello, answer) {
                    dismissed.store(true, Ordering::Relaxed);
                    stop.request();
                }
            };
            // Without a thread the client is dropped, and may come again.
            let _ = thread::Builder::new().name("hot-client".into()).spawn_scoped(scope, converse);
        }
        Ok(())
    })?;
    Ok(if dismissed.load(Ordering::Relaxed) { End::Dismissed } else { End::Stopped })
}

/// One client, from hello to its end.
fn converse(
    mut client: &UnixStream,
    stop: &Stop,
    hello: &(dyn Fn() -> Reply + Sync),
    answer: &(dyn Fn(Request, Instant) -> Reply + Sync),
) -> io::Result<End> {
    client.set_nonblocking(false)?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut from = Stoppable::new(client, stop);
    message::write_frame(&mut client, &hello().to_bytes())?;
    loop {
        let frame = match message::read_frame(&mut from) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(End::Stopped),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                refuse(client, &error.to_string())?;
                return Ok(End::Stopped);
            }
            Err(error) => return Err(error),
        };
        let begun = Instant::now();
        let request = match Request::from_bytes(&frame) {
            Ok(request) => request,
            Err(error) => {
                refuse(client, &error.to_string())?;
                return Ok(End::Stopped);
            }
        };
        drop(frame);
        let leaves = request == Request::Leave;
        message::write_frame(&mut client, &answer(request, begun).to_bytes())?;
        if leaves {
            return Ok(End::Dismissed);
        }
    }
}

/// Last words to a client that does not speak the language.
fn refuse(mut client: &UnixStream, why: &str) -> io::Result<()> {
    let message = format!("failed to read the request: {why}; is the tool of another version?");
    message::write_frame(&mut client, &Reply::Failed { message }.to_bytes())
}

#[cfg(test)]
mod tests;
