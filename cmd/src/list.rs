//! `hot list`: the hot functions of a running program.
//!
//! Programs are found by their control sockets. A socket may be dead, when a program was killed
//! together with its tool: it is passed over. At a terminal a function that does not fit in a line
//! has its signature below it; in a pipe each function is one line, whatever its length.

use crate::build::Usage;
use crate::process::link::{Hello, Probe};
use crate::process::socket;
use anyhow::{Context, Result, bail};
use hot_patch::message::{FunctionInfo, PatchInfo, Reply, Request};
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Prints the functions of the program that is meant, by its socket or process ID, or of the only
/// one that runs.
///
/// # Errors
/// [`Usage`] when it is not clear which program is meant; otherwise when it does not answer.
pub fn list(program: Option<&OsStr>, json: bool) -> Result<u8> {
    let probe = find(program)?;
    let Reply::Functions(functions) = probe.ask(&Request::List)? else {
        bail!("the program did not answer with a list of its functions");
    };
    let text = if json { to_json(&probe.hello, &functions) } else { to_text(&functions, width()) };
    match std::io::stdout().write_all(text.as_bytes()) {
        // `hot list | head`: whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.context("failed to write the list")?,
    }
    Ok(0)
}

fn find(program: Option<&OsStr>) -> Result<Probe> {
    let pid = program.and_then(|text| text.to_str()?.parse::<u32>().ok());
    if let Some(socket) = program.filter(|_| pid.is_none()).map(Path::new) {
        return Probe::connect(socket)?.with_context(|| {
            format!("nobody listens at {}: its program has ended", socket.display())
        });
    }
    let sockets = socket::sockets(&socket::folder());
    let known = !sockets.is_empty();
    let mut failed = None;
    let mut found: Vec<(u32, PathBuf, Probe)> = Vec::new();
    for (tool, socket) in sockets {
        match Probe::connect(&socket) {
            Ok(Some(probe)) => found.push((tool, socket, probe)),
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
    }
    if let Some(pid) = pid {
        let is_meant =
            |(tool, _, probe): &(u32, PathBuf, Probe)| [*tool, probe.hello.pid].contains(&pid);
        return match found.into_iter().find(is_meant) {
            Some((_, _, probe)) => Ok(probe),
            None => Err(Usage(format!("no process {pid} runs under `hot run` and listens")).into()),
        };
    }
    match (found.len(), failed) {
        (1, _) => Ok(found.remove(0).2),
        (0, Some(error)) => Err(error),
        (0, None) if known => Err(Usage(
            "no program that runs under `hot run` listens any more: the sockets that are left \
             belong to programs that have ended"
                .to_owned(),
        )
        .into()),
        (0, None) => Err(Usage(
            "no program runs under `hot run`, or it has not called `hot::reloader_loop()` or \
             `hot::spawn_reloader()` yet"
                .to_owned(),
        )
        .into()),
        _ => {
            let line = |(_, socket, probe): &(u32, PathBuf, Probe)| {
                let pid = probe.hello.pid;
                let name = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
                let name = name.as_deref().and_then(Path::file_name).unwrap_or_default();
                format!("\n  {pid}  {}  {}", name.display(), socket.display())
            };
            let lines: String = found.iter().map(line).collect();
            Err(Usage(format!(
                "several programs run under `hot run`; name one by its process ID or socket:{lines}"
            ))
            .into())
        }
    }
}

/// Columns of the terminal; `None` when there is none.
fn width() -> Option<usize> {
    let stdout = std::io::stdout();
    let size = rustix::termios::tcgetwinsize(&stdout).ok().filter(|_| stdout.is_terminal())?;
    Some(if size.ws_col == 0 { 100 } else { size.ws_col.into() })
}

/// `live (patch 3, 12 s ago)`.
fn layer(function: &FunctionInfo) -> String {
    match &function.patch {
        Some(PatchInfo { number, age, .. }) => {
            format!("{} (patch {number}, {} ago)", function.layer, time(*age))
        }
        None => function.layer.clone(),
    }
}

fn time(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// Name, layer, place and signature below each other, two spaces between columns. Where a line
/// would be longer than the terminal, the signatures stand in lines of their own.
fn to_text(functions: &[FunctionInfo], terminal: Option<usize>) -> String {
    let rows: Vec<[String; 4]> = functions
        .iter()
        .map(|f| [f.name.clone(), layer(f), format!("{}:{}", f.file, f.line), f.signature.clone()])
        .collect();
    let widths: [usize; 4] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let whole = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    let folded = terminal.is_some_and(|terminal| whole > terminal);
    let mut text = String::new();
    for [name, layer, place, signature] in &rows {
        let [first, second, third, _] = widths;
        if folded {
            text += &format!("{name:first$}  {layer:second$}  {place}\n    {signature}\n");
        } else {
            text += &format!("{name:first$}  {layer:second$}  {place:third$}  {signature}\n");
        }
    }
    text
}

fn to_json(hello: &Hello, functions: &[FunctionInfo]) -> String {
    let patch = |p: &PatchInfo| serde_json::json!({ "number": p.number, "id": p.id.to_string(), "age_ms": p.age });
    let functions: Vec<serde_json::Value> = functions
        .iter()
        .map(|f| {
            serde_json::json!({
                "name": f.name,
                "signature": f.signature,
                "file": f.file,
                "line": f.line,
                "layer": f.layer,
                "patch": f.patch.as_ref().map(patch),
            })
        })
        .collect();
    let list = serde_json::json!({ "pid": hello.pid, "functions": functions });
    format!("{list:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hot_patch::patch::PatchId;

    fn functions() -> Vec<FunctionInfo> {
        let function = |name: &str, signature: &str, patch: Option<PatchInfo>| FunctionInfo {
            name: name.into(),
            signature: signature.into(),
            file: "src/cart.rs".into(),
            line: 12,
            layer: if patch.is_some() { "live" } else { "original" }.into(),
            patch,
        };
        let patch = PatchInfo { number: 3, id: PatchId(7), age: 125_000 };
        vec![
            function("shop/cart/*Cart.total", "fn(&Cart) -> u64", Some(patch)),
            function("shop/ä", "fn()", None),
        ]
    }

    #[test]
    fn a_list_is_aligned_and_folded_where_it_does_not_fit() {
        let one_line = "shop/cart/*Cart.total  live (patch 3, 2 min ago)  src/cart.rs:12  fn(&Cart) -> u64\n\
                        shop/ä                 original                   src/cart.rs:12  fn()\n";
        assert_eq!(to_text(&functions(), None), one_line);
        assert_eq!(to_text(&functions(), Some(100)), one_line);
        assert_eq!(
            to_text(&functions(), Some(80)),
            "shop/cart/*Cart.total  live (patch 3, 2 min ago)  src/cart.rs:12\n    fn(&Cart) -> u64\n\
             shop/ä                 original                   src/cart.rs:12\n    fn()\n"
        );
    }

    #[test]
    fn a_time_is_told_in_one_unit() {
        assert_eq!(
            [900, 119_999, 7_199_000, 7_200_000].map(time),
            ["0 s", "119 s", "119 min", "2 h"]
        );
    }
}
