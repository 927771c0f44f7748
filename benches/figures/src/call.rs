//! The cost of a call: of a hot function, replaced or not, against a direct call of a function that
//! is not inlined; and of 2 000 such functions in turn, with warm and with cold caches.
//!
//! The program (`programs/call.rs.txt`) times itself, by turns. Instructions are counted by callgrind, as
//! the difference of two runs of which one makes twice as many calls.

use crate::Options;
use crate::machine::largest_cache;
use crate::project::{Hot, Profile, Project, command};
use crate::table::{Goal, Row, Table, Unit};
use anyhow::{Context, Result};
use std::fmt::Write;

const MAIN: &str = include_str!("programs/call.rs.txt");
/// Functions called in turn.
const FUNCTIONS: usize = 2_000;
/// Calls in the shorter of two counted runs.
const COUNTED: u64 = 1_000_000;

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let manifest = format!(
        "[package]\nname = \"call\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{}\n[workspace]\n",
        Hot::On.dependency()
    );
    let files = [
        ("Cargo.toml".to_owned(), manifest),
        ("src/main.rs".to_owned(), MAIN.to_owned()),
        ("src/functions.rs".to_owned(), functions()),
    ];
    let target = options.work.join("target");
    let project = Project::lay(&options.work.join("call"), &target, "call", &files)?;
    eprintln!("… calls");
    project.build(Profile::Release)?;

    let rounds = options.samples.unwrap_or(400).to_string();
    let turns = options.samples.unwrap_or(100).to_string();
    let cache = largest_cache().to_string();
    let output = command(project.executable(Profile::Release))
        .args(["time", &rounds, &turns, &cache])
        .output()
        .context("failed to start the program of calls")?;
    let text = String::from_utf8(output.stdout)?;
    let mut samples = [const { Vec::new() }; 7];
    for line in text.lines() {
        for (samples, sample) in samples.iter_mut().zip(line.split(' ')) {
            samples.push(sample.parse::<f64>()?);
        }
    }
    for turned in &mut samples[3..] {
        // Rounds without a turn.
        turned.retain(|time| *time > 0.0);
    }
    let [plain, original, replaced, warm, hot_warm, cold, hot_cold] = samples;
    let mut ratio = |what: &str, measured: &[f64], baseline: &[f64], goal| {
        table.push(Row::ratio(what, measured, baseline, Unit::Nanoseconds, Some(Goal(goal))));
    };
    ratio("a hot call, not replaced : a direct call", &original, &plain, 1.2);
    ratio("a hot call, replaced : a direct call", &replaced, &plain, 1.2);
    ratio("2 000 hot functions in turn, warm : direct", &hot_warm, &warm, 1.6);
    ratio("2 000 hot functions in turn, cold : direct", &hot_cold, &cold, 1.8);
    count(&project, table)
}

/// Instructions.
fn count(project: &Project, table: &mut Table) -> Result<()> {
    let instructions = |what: &str, calls: u64| -> Result<Option<f64>> {
        let run = command("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(project.executable(Profile::Release))
            .args([what, &calls.to_string()])
            .output();
        let Ok(output) = run else { return Ok(None) };
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.split_once("Collected : ").map(|(_, rest)| rest.trim());
        let number = collected.and_then(|rest| rest.split_whitespace().next());
        Ok(number.and_then(|number| number.parse().ok()))
    };
    let a_call = |what: &str| -> Result<Option<f64>> {
        let (once, twice) = (instructions(what, COUNTED)?, instructions(what, 2 * COUNTED)?);
        Ok(once.zip(twice).map(|(once, twice)| (twice - once) / COUNTED as f64))
    };
    let all = ["plain", "original", "replaced", "plain-by-pointer", "original-by-pointer"];
    let counts: Option<Vec<f64>> = all.iter().map(|what| a_call(what)).collect::<Result<_>>()?;
    let Some(counts) = counts else {
        table.push(Row::text("instructions", "not counted: valgrind does not run here"));
        return Ok(());
    };
    let mut more = |what: &str, of: usize, than: usize, goal| {
        let beside = format!("{:.1} : {:.1} with the loop", counts[of], counts[than]);
        let more = [counts[of] - counts[than]];
        let row = Row::amount(what, &more, Unit::Instructions, Some(Goal(goal)));
        table.push(row.beside(&beside));
    };
    more("instructions more, trampoline inlined", 1, 0, 1.0);
    more("instructions more, replaced", 2, 0, 1.0);
    more("instructions more, trampoline out of line", 4, 3, 2.0);
    Ok(())
}

/// Two sets of the same functions, each a chain of a few instructions.
fn functions() -> String {
    let set = |name: &str, begin: &str, attribute: &str| {
        let mut text = format!("pub mod {name} {{\n{begin}");
        let mut turn = String::new();
        for n in 0..FUNCTIONS {
            let (factor, turns, mask) = (2 * n + 3, n % 61 + 1, n * 7919);
            let _ = writeln!(
                text,
                "    {attribute}\n    pub fn f{n}(n: u64) -> u64 {{\n        \
                 n.wrapping_mul({factor}).rotate_left({turns}) ^ {mask}\n    }}"
            );
            let _ = writeln!(turn, "        n = f{n}(n);");
        }
        let _ = writeln!(
            text,
            "    #[inline(never)]\n    pub fn turn(mut n: u64) -> u64 {{\n{turn}        n\n    }}\n}}"
        );
        text
    };
    format!(
        "pub const COUNT: usize = {FUNCTIONS};\n{}{}",
        set("direct", "", "#[inline(never)]"),
        set("hots", "    use hot::hot;\n", "#[hot]")
    )
}
