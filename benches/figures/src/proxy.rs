//! Stands between the tool and a program, to get the patch that the tool makes.
//!
//! `hot exec` starts this program in the place of the measured one. It listens on the socket that
//! the tool has named, starts the program with another, hands on what both say, and writes each
//! patch that goes by to a file.

use anyhow::{Context, Result};
use hot_patch::message::{Request, read_frame, write_frame};
use std::ffi::OsString;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the program may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the program; patches are written to `file`.
pub fn run(file: &Path, program: &[OsString]) -> Result<()> {
    let outer = PathBuf::from(std::env::var_os("HOT_SOCKET").context("the tool names a socket")?);
    let inner = outer.with_extension("inner");
    let (first, args) = program.split_first().context("a program is wanted")?;
    // Its input stays open: some end with it.
    let mut command = Command::new(first);
    command.args(args).env("HOT_SOCKET", &inner).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    connect(&inner, &mut child)?;
    let listener = UnixListener::bind(&outer).context("failed to listen for the tool")?;
    // Until the tool ends this process and the program, or there is no program to hand on to.
    let ended = loop {
        let (tool, _) = listener.accept()?;
        let handed = connect(&inner, &mut child).and_then(|program| hand_on(&program, &tool, file));
        if handed.is_err() || child.try_wait()?.is_some() {
            break handed;
        }
    };
    // One that has ended is waited for all the same.
    let _ = child.kill();
    child.wait()?;
    ended
}

/// Connects as soon as the program listens.
pub fn connect(socket: &Path, program: &mut Child) -> Result<UnixStream> {
    let begun = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok(stream),
            Err(error) if begun.elapsed() > PATIENCE || program.try_wait()?.is_some() => {
                return Err(error).context("the program does not listen");
            }
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn hand_on(mut program: &UnixStream, mut tool: &UnixStream, file: &Path) -> Result<()> {
    // The program speaks first, then each request has one reply.
    while let Some(reply) = read_frame(&mut program)? {
        write_frame(&mut tool, &reply)?;
        let Some(request) = read_frame(&mut tool)? else { break };
        if let Request::Load(patch) = Request::from_bytes(&request)? {
            std::fs::write(file, patch).context("failed to write the patch")?;
        }
        write_frame(&mut program, &request)?;
    }
    Ok(())
}
