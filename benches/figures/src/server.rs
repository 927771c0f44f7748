//! The measured programs answer over HTTP: as much of it as they need.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a free port.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks once. `None` when the port is closed.
pub fn ask(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let request = b"GET /get HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some(body.trim_end().to_owned())
}

/// Asks until there is an answer that is the wanted one.
pub fn wait_for(port: u16, wanted: impl Fn(&str) -> bool) -> Result<String> {
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < PATIENCE {
        last = ask(port);
        if let Some(answer) = last.take_if(|answer| wanted(answer)) {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    bail!("the program did not give the answer within {PATIENCE:?}; the last was {last:?}")
}

/// A program started without the tool. Dropping it ends it.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// Starts it on a port.
    pub fn start(executable: &Path, port: u16) -> Result<Server> {
        let mut program = crate::project::command(executable);
        program.arg("--addr").arg(format!("127.0.0.1:{port}"));
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = program.spawn();
        Ok(Server(child.with_context(|| format!("failed to start {}", executable.display()))?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended is waited for all the same.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
