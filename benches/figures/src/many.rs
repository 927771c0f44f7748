//! Thousands of hot functions: what the attribute adds to check, build, size and start.
//!
//! One generated program in three forms: with the attribute, with the attribute that does nothing
//! (`default-features = false`), and without either. Dependencies are built before the clock starts.

use crate::Options;
use crate::project::{Hot, Profile, Project, command, run};
use crate::spread::Spread;
use crate::table::{Goal, Row, Table, Unit};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::process::Stdio;
use std::time::Instant;

const MAIN: &str = include_str!("programs/many.rs.txt");
/// Functions in a module.
const A_MODULE: usize = 100;
/// Most samples of start-up and lookup: they are quick.
const STARTS: usize = 20;

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let (dev, all) = (&[Profile::Dev][..], &[Profile::Dev, Profile::Release][..]);
    let samples = options.samples.unwrap_or(if options.long { 5 } else { 2 });
    if !options.leave_out("2 000 hot functions", table) {
        one(options, table, 2_000, samples, all)?;
    }
    if !options.leave_out("10 000 hot functions", table) {
        one(options, table, 10_000, 1, if options.long { all } else { dev })?;
    }
    if options.long && !options.leave_out("100 000 hot functions", table) {
        // In one crate: rustc takes 23 GB of memory for it, and more where it optimises.
        one(options, table, 100_000, 1, dev)?;
    }
    Ok(())
}

fn one(
    options: &Options,
    table: &mut Table,
    functions: usize,
    samples: usize,
    profiles: &[Profile],
) -> Result<()> {
    let target = options.work.join("target");
    let lay = |form: &str, hot: Option<Hot>| {
        let name = format!("many{functions}_{form}");
        let files = files(&name, functions, hot);
        Project::lay(&options.work.join("many").join(&name), &target, &name, &files)
    };
    let forms = [lay("hot", Some(Hot::On))?, lay("off", Some(Hot::Off))?, lay("plain", None)?];
    for &profile in profiles {
        let (mut checks, mut builds) = ([vec![], vec![], vec![]], [vec![], vec![], vec![]]);
        // Sizes without any function.
        let mut empty = [0.0; 3];
        for sample in 0..samples {
            eprintln!(
                "… {functions} hot functions, {}, {} of {samples}",
                profile.name(),
                sample + 1
            );
            for turn in 0..forms.len() {
                // Who comes first changes.
                let at = (sample + turn) % forms.len();
                let form = &forms[at];
                // That the attribute costs nothing when it is off is seen on fewer functions.
                if at == 1 && functions > 2_000 && options.hurry() {
                    continue;
                }
                if sample == 0 {
                    empty[at] = dependencies(options, at, profile)?;
                }
                run(&mut form.cargo("clean", profile))?;
                if profile == Profile::Dev {
                    checks[at].push(run(&mut form.cargo("check", profile))?.as_secs_f64());
                }
                builds[at].push(form.build(profile)?.as_secs_f64());
            }
        }
        let what = |step: &str| format!("{functions} functions, {step}: hot : no attribute");
        let goal = (functions == 2_000).then_some(Goal(1.5));
        let mut steps = vec![];
        if profile == Profile::Dev {
            steps.push(("`cargo check`".to_owned(), &checks));
        }
        steps.push((format!("{} build", profile.name()), &builds));
        for (step, times) in steps {
            let off = Spread::of_ratios(&times[1], &times[2]);
            let row = Row::ratio(what(&step), &times[0], &times[2], Unit::Seconds, goal);
            table.push(match off.samples {
                0 => row,
                _ => row.beside(&format!("attribute off {:.2}", off.median)),
            });
        }
        let (hot, plain) = (forms[0].size(profile)? as f64, forms[2].size(profile)? as f64);
        let size = what(&format!("{} size", profile.name()));
        let each = ((hot - empty[0]) - (plain - empty[2])) / functions as f64;
        let each = format!("{each:.0} bytes for each hot function");
        table.push(Row::ratio(size, &[hot], &[plain], Unit::Bytes, None).beside(&each));
        start(table, functions, &forms, profile)?;
    }
    Ok(())
}

/// Start-up and first lookups of what was built.
fn start(
    table: &mut Table,
    functions: usize,
    forms: &[Project; 3],
    profile: Profile,
) -> Result<()> {
    let mut starts = [vec![], vec![], vec![]];
    let (mut listed, mut found) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        for at in [0, 2] {
            let (samples, form) = (&mut starts[at], &forms[at]);
            let mut program = command(form.executable(profile));
            let program = program.arg("nothing").stdin(Stdio::null()).stdout(Stdio::null());
            let begun = Instant::now();
            program.status().context("failed to start a program")?;
            samples.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        for (samples, what) in [(&mut listed, "list"), (&mut found, "find")] {
            let output = command(forms[0].executable(profile)).arg(what).output()?;
            samples.push(String::from_utf8(output.stdout)?.trim().parse::<f64>()? / 1e3);
        }
    }
    let what = |step: &str| format!("{functions} functions, {}: {step}", profile.name());
    let us = Unit::Microseconds;
    let name = what("start and end of the process, hot : no attribute");
    table.push(Row::ratio(name, &starts[0], &starts[2], us, None));
    table.push(Row::amount(what("first list of all"), &listed, us, None));
    table.push(Row::amount(what("first mock by name"), &found, us, None));
    Ok(())
}

/// Builds what a form depends on, with a program of no functions; the size of that.
fn dependencies(options: &Options, form: usize, profile: Profile) -> Result<f64> {
    let hot = [Some(Hot::On), Some(Hot::Off), None][form];
    let name = format!("many0_{}", ["hot", "off", "plain"][form]);
    let (folder, target) = (options.work.join("many").join(&name), options.work.join("target"));
    let project = Project::lay(&folder, &target, &name, &files(&name, 0, hot))?;
    if profile == Profile::Dev {
        run(&mut project.cargo("check", profile))?;
    }
    project.build(profile)?;
    Ok(project.size(profile)? as f64)
}

/// The program in one of its forms.
fn files(name: &str, functions: usize, hot: Option<Hot>) -> Vec<(String, String)> {
    let mut manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n"
    );
    if let Some(hot) = hot {
        let _ = write!(manifest, "\n[features]\nhot = []\ndefault = [\"hot\"]\n");
        let _ = write!(manifest, "\n[dependencies]\n{}", hot.dependency());
    } else {
        manifest += "\n[features]\nhot = []\n";
    }
    let modules = functions / A_MODULE;
    let declared: String = (0..modules).map(|m| format!("mod m{m};\n")).collect();
    let calls: String =
        (0..modules).map(|m| format!("    sum = sum.wrapping_add(m{m}::all(order));\n")).collect();
    let mut files = vec![
        ("Cargo.toml".to_owned(), manifest),
        ("src/main.rs".to_owned(), MAIN.replace("@MODULES@", &declared).replace("@CALLS@", &calls)),
    ];
    for m in 0..modules {
        files.push((format!("src/m{m}.rs"), module(m, hot.is_some())));
    }
    files
}

/// A module of functions of four kinds, about ten lines each.
fn module(m: usize, hot: bool) -> String {
    let mut text = String::from("use crate::{Fault, Line, Order};\n");
    text += if hot { "use hot::hot;\n" } else { "" };
    let attribute = if hot { "#[hot]\n" } else { "" };
    let mut all = String::new();
    for at in 0..A_MODULE {
        let n = m * A_MODULE + at;
        let (a, b) = (n % 97 + 2, n % 89 + 3);
        let (function, call) = match at % 4 {
            0 => (
                format!(
                    "pub fn cost{n}(order: &Order, share: u64) -> u64 {{
    let mut sum = 0u64;
    for line in &order.lines {{
        let price = line.price.saturating_mul(line.count);
        sum += match line.count {{
            0 => 0,
            1..={a} => price,
            _ => price - price / {b},
        }};
    }}
    sum * share / 100 + {n}
}}"
                ),
                format!("cost{n}(order, {a})"),
            ),
            1 => (
                format!(
                    "pub fn label{n}(order: &Order, wide: bool) -> String {{
    let mut text = format!(\"{{}} #{n}\", order.name);
    for line in order.lines.iter().take({a}) {{
        text.push_str(if wide {{ \"; \" }} else {{ \",\" }});
        text.push_str(&line.name);
    }}
    if text.len() > {b} {{
        text.truncate({b});
    }}
    text
}}"
                ),
                format!("label{n}(order, true).len() as u64"),
            ),
            2 => (
                format!(
                    "pub fn check{n}(order: &Order) -> Result<u64, Fault> {{
    if order.lines.len() > {a} {{
        return Err(Fault::TooMany(order.lines.len()));
    }}
    let Some(first) = order.lines.first() else {{
        return Err(Fault::Empty);
    }};
    let count = order.lines.iter().filter(|line| line.price > first.price / {b}).count();
    Ok(count as u64 + {n})
}}"
                ),
                format!("check{n}(order).unwrap_or({b})"),
            ),
            _ => (
                format!(
                    "pub fn most{n}(order: &Order, least: u64) -> Option<Line> {{
    let mut best: Option<&Line> = None;
    for line in &order.lines {{
        let worth = line.price * {a} + line.count;
        if worth > least && best.is_none_or(|best| best.price < line.price) {{
            best = Some(line);
        }}
    }}
    best.cloned()
}}"
                ),
                format!("most{n}(order, {b}).map_or(0, |line| line.price)"),
            ),
        };
        let _ = writeln!(text, "\n{attribute}{function}");
        let _ = writeln!(all, "    sum = sum.wrapping_add({call});");
    }
    let _ = writeln!(
        text,
        "\npub fn all(order: &Order) -> u64 {{\n    let mut sum = 0u64;\n{all}    sum\n}}"
    );
    text
}
