//! The latency of calls during loads: a thread calls a hot function without pause while one prebuilt
//! patch after another is loaded, and for as long without. Also what memory each load keeps.
//!
//! The patch is one that the tool makes of a one-line edit ([`crate::proxy`]). It is loaded again
//! and again under other names, as the tool would, through the program's socket.

use crate::Options;
use crate::project::{Hot, Profile, Project, command};
use crate::proxy::connect;
use crate::table::{Row, Table, Unit};
use crate::tool::Tool;
use anyhow::{Context, Result, bail};
use hot_patch::message::{Reply, Request, read_frame, write_frame};
use hot_patch::patch::{Patch, PatchId};
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

const MAIN: &str = include_str!("programs/latency.rs.txt");
/// Loads in a run.
const LOADS: u64 = 1_000;

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    eprintln!("… latency");
    let folder = options.work.join("latency");
    let manifest = format!(
        "[package]\nname = \"latency\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{}\n[workspace]\n",
        Hot::On.dependency()
    );
    let files = [("Cargo.toml".to_owned(), manifest), ("src/main.rs".to_owned(), MAIN.to_owned())];
    // Of its own: `hot exec` has to see all of it compiled.
    let target = options.work.join("target-latency");
    let project = Project::lay(&folder, &target, "latency", &files)?;
    let bytes = prebuilt(options, &project)?;
    let mut patch = Patch::from_bytes(&bytes).context("the tool's patch is not one")?;

    let (mut with, mut without) = ([vec![], vec![], vec![]], [vec![], vec![], vec![]]);
    let (mut kept, mut loading) = (Vec::new(), Vec::new());
    for _ in 0..options.samples.unwrap_or(20) {
        let mut program = Program::start(&project)?;
        let before = program.resident()?;
        let begun = program.begin()?;
        for _ in 0..LOADS {
            patch.id = PatchId(patch.id.0.wrapping_add(1));
            loading.push(program.load(&patch)?);
        }
        let took = begun.elapsed();
        program.note(&mut with)?;
        kept.push((program.resident()? as f64 - before as f64) / LOADS as f64);

        program.begin()?;
        std::thread::sleep(took);
        program.note(&mut without)?;
    }
    let units = [Unit::Nanoseconds, Unit::Nanoseconds, Unit::Microseconds];
    for (at, what) in ["p50", "p99.9", "the longest"].iter().enumerate() {
        let what = format!("{what} of a call during {LOADS} loads : without");
        table.push(Row::ratio(what, &with[at], &without[at], units[at], None));
    }
    let size = format!("of a patch of {} bytes", bytes.len());
    table.push(Row::amount("memory kept by a load", &kept, Unit::Bytes, None).beside(&size));
    let load =
        Row::amount("a load, from the request to the reply", &loading, Unit::Microseconds, None);
    table.push(load.beside("one after another"));
    Ok(())
}

/// The patch of a one-line edit, as the tool makes it, for the executable that is there then.
fn prebuilt(options: &Options, project: &Project) -> Result<Vec<u8>> {
    let file = project.root.with_extension("patch");
    // The last run's.
    let _ = fs::remove_file(&file);
    let own = std::env::current_exe()?;
    let quoted = |path: &Path| format!("'{}'", path.display());
    let script = format!(
        "cargo build --release --target-dir {} && exec {} proxy {} -- {}",
        quoted(&project.target),
        quoted(&own),
        quoted(&file),
        quoted(&project.executable(Profile::Release)),
    );
    let mut tool = Tool::exec(&options.hot, project, &["sh", "-c", &script])?;
    tool.wait("running")?;
    project.edit("src/main.rs", "wrapping_mul(1)", "wrapping_mul(3)")?;
    tool.wait("applied")?;
    fs::read(&file).context("no patch went by")
}

/// The program, with this one in the place of the tool.
struct Program {
    child: Child,
    socket: std::os::unix::net::UnixStream,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(project: &Project) -> Result<Program> {
        let folder = project.root.with_extension("sockets");
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let path = folder.join("control");
        // The last run's.
        let _ = fs::remove_file(&path);
        let mut child = command(project.executable(Profile::Release))
            .env("HOT_SOCKET", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start the latency program")?;
        let stdin = child.stdin.take().context("it was asked for")?;
        let stdout = BufReader::new(child.stdout.take().context("it was asked for")?).lines();
        let mut socket = connect(&path, &mut child)?;
        let hello = read_frame(&mut socket)?.context("the program says nothing")?;
        match Reply::from_bytes(&hello)? {
            Reply::Hello { .. } => Ok(Program { child, socket, stdin, stdout }),
            other => bail!("not a hello: {other:?}"),
        }
    }

    fn begin(&mut self) -> Result<Instant> {
        writeln!(self.stdin, "begin")?;
        self.line()?;
        Ok(Instant::now())
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.stdout.next().context("the program has ended")??)
    }

    /// Microseconds of one load.
    fn load(&mut self, patch: &Patch) -> Result<f64> {
        let request = Request::Load(patch.to_bytes()).to_bytes();
        let begun = Instant::now();
        write_frame(&mut self.socket, &request)?;
        let reply = read_frame(&mut self.socket)?.context("the program is gone")?;
        let time: Duration = begun.elapsed();
        match Reply::from_bytes(&reply)? {
            Reply::Loaded { .. } => Ok(time.as_secs_f64() * 1e6),
            other => bail!("not loaded: {other:?}"),
        }
    }

    /// Ends a recording and adds what was noted: p50, p99.9, the longest.
    fn note(&mut self, to: &mut [Vec<f64>; 3]) -> Result<()> {
        writeln!(self.stdin, "end")?;
        let line = self.line()?;
        for (at, (samples, number)) in to.iter_mut().zip(line.split(' ')).enumerate() {
            let time: f64 = number.parse()?;
            // The longest one is in microseconds.
            samples.push(if at == 2 { time / 1e3 } else { time });
        }
        Ok(())
    }

    /// Bytes of it that are in memory.
    fn resident(&self) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages: u64 = text.split(' ').nth(1).context("a second field")?.parse()?;
        Ok(pages * 4096)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended is waited for all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
