//! Lines for a person, on standard error, so that the program's standard output stays its own.
//!
//! Colours (`NO_COLOR`) are anstream's business. A line is written at once, so that
//! it is not torn apart by what the program prints.

use super::events::{Effect, Event, Next};
use crate::diff::{NotApplied, Once, Partly, Retained};
use crate::refusal::Detail;
use crate::screen;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use signal_hook::low_level::signal_name;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const CARE: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// The person's side.
#[derive(Debug, Default)]
pub struct Terminal {
    /// True if more is reported.
    pub verbose: bool,
    /// True if the program runs and was not asked to end.
    pub running: bool,
}

/// The mark before a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// ✓
    Good,
    /// –
    Care,
    /// ✗
    Bad,
}

impl Terminal {
    /// A line of no great weight.
    pub fn note(&self, text: &str) {
        print(&format!("{DIM}hot:{DIM:#} {text}\n"));
    }

    /// A line that asks for attention.
    pub fn warn(&self, text: &str) {
        print(&format!("{CARE}hot:{CARE:#} {text}\n"));
    }

    /// A line about something that failed.
    pub fn error(&self, text: &str) {
        print(&format!("{BAD}error:{BAD:#} {text}\n"));
    }

    /// A line only for those who asked for more.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// How it stands with one thing, and what to do about it.
    pub fn finding(&self, mark: Mark, what: &str, found: &str, todo: &str) {
        let (style, mark) = match mark {
            Mark::Good => (GOOD, "✓"),
            Mark::Care => (CARE, "–"),
            Mark::Bad => (BAD, "✗"),
        };
        let mut text = format!("{style}{mark}{style:#} {what}: {found}\n");
        if !todo.is_empty() {
            _ = writeln!(text, "    {todo}");
        }
        print(&text);
    }

    /// Text as it comes from the compiler, with its colours.
    pub fn compiler(&self, text: &str) {
        print(text);
    }

    /// Wipes the screen, if there is one. This is no colour: `NO_COLOR` does not forbid it.
    pub fn clear(&self) {
        let mut stderr = std::io::stderr();
        if stderr.is_terminal() {
            // If standard error is gone there is no reader.
            let _ = stderr.write_all(b"\x1b[2J\x1b[3J\x1b[H");
        }
    }

    pub(super) fn event(&self, event: &Event) {
        let text = self.render(event);
        if !text.is_empty() {
            print(&text);
        }
    }

    fn render(&self, event: &Event) -> String {
        let mut text = String::new();
        match event {
            // Cargo speaks for itself.
            Event::Building => {}
            Event::Running { build_id, .. } => {
                if self.verbose {
                    _ = writeln!(text, "{DIM}hot: build ID {build_id}{DIM:#}");
                }
            }
            Event::Change { files } => {
                if self.verbose {
                    _ = writeln!(text, "{DIM}hot: changed: {}{DIM:#}", files.join(", "));
                }
            }
            Event::CompileError { .. } => {
                // Nor does it when a manifest is broken or the disk is full.
                _ = write!(text, "{BAD}✗ does not build{BAD:#}");
                text.push_str(if self.running { ": the last good code runs on\n" } else { "\n" });
            }
            Event::Applied { patch, effect, ms } => {
                let names = listed(&effect.functions);
                _ = write!(text, "{GOOD}✓ Hot reload was successful:{GOOD:#} {names}");
                _ = writeln!(
                    text,
                    " {DIM}({} ms: detect {}, rustc {}, diff {}, load {}){DIM:#}",
                    ms.total, ms.detect, ms.rustc, ms.diff, ms.load
                );
                text.push_str(&beside(effect));
                if self.verbose {
                    let Effect { bytes, new_statics, .. } = effect;
                    let statics = count(*new_statics, "new static");
                    _ = writeln!(text, "  {DIM}patch {patch}: {bytes} bytes, {statics}{DIM:#}");
                }
            }
            Event::NoEffect { dry_run: Some(effect), .. } => {
                let names = listed(&effect.functions);
                _ = writeln!(text, "{CARE}– dry run:{CARE:#} would replace {names}");
                text.push_str(&beside(effect));
            }
            Event::NoEffect { changed, why, dry_run: None } => {
                _ = write!(text, "{CARE}– no effect:{CARE:#} ");
                let why = why.replace("; ", "\n    ");
                if !changed.is_empty() {
                    _ = write!(text, "{} changed, but ", listed(changed));
                }
                _ = writeln!(text, "{why}");
            }
            Event::Refused { why, details, next, dry_run } => {
                _ = writeln!(text, "{BAD}✗ not live[{}]{BAD:#} ({})", why.code(), why.word());
                for detail in details {
                    text.push_str(&explain(detail));
                }
                text.push_str(match next {
                    Next::Restart => "  restarting (--no-restart keeps the old code running)\n",
                    Next::Keep if *dry_run => "  dry run: the program is not restarted\n",
                    Next::Keep => "  the old code runs on\n",
                });
            }
            Event::Restarted { pid, why, .. } => {
                _ = writeln!(text, "{CARE}↻ restarted{CARE:#} (pid {pid}): {why}");
            }
            Event::Exited { status } => {
                if self.running && *status != 0 || self.verbose {
                    _ = writeln!(text, "{DIM}hot:{DIM:#} the program {}", ended(*status));
                }
            }
        }
        text
    }
}

/// `a, b and 3 more`: enough names for a line.
fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    let mut text = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        _ = write!(text, " and {} more", names.len() - MOST);
    }
    text
}

/// Returns the lines about a patch besides those that name what it replaces.
fn beside(effect: &Effect) -> String {
    const MOST: usize = 4;
    let Effect { added, not_applied, .. } = effect;
    let NotApplied { not_live, not_live_why, partly, retained, retained_more, once, removed } =
        not_applied;
    let mut text = String::new();
    if !added.is_empty() {
        _ = writeln!(text, "  {DIM}new:{DIM:#} {}", listed(added));
    }
    if !removed.is_empty() {
        let last = "what still calls it gets its last code";
        _ = writeln!(text, "  {CARE}gone from the source:{CARE:#} {} ({last})", listed(removed));
    }
    if !not_live.is_empty() {
        _ = writeln!(text, "  {CARE}takes effect at restart:{CARE:#} {}", listed(not_live));
        if !not_live_why.is_empty() {
            _ = writeln!(text, "    {}", not_live_why.replace("; ", "\n    "));
        }
    }
    for Once { function, from } in once.iter().take(MOST) {
        let from = listed(from);
        _ = writeln!(
            text,
            "  {CARE}may not be called again:{CARE:#} {function} is called only from {from}, once, \
             and main has begun"
        );
    }
    more(&mut text, once.len(), MOST);
    for Partly { item, old_in, hot_on } in partly.iter().take(MOST) {
        let old_in = listed(old_in);
        _ = write!(text, "  {CARE}partly live:{CARE:#} {old_in} goes on with the old {item}");
        if !hot_on.is_empty() {
            _ = write!(text, "; #[hot] on {} prevents that", hot_on.join(" or "));
        }
        text.push('\n');
    }
    more(&mut text, partly.len(), MOST);
    // One holder may hold many.
    let mut by_holder: Vec<(&str, Vec<String>)> = Vec::new();
    for Retained { item, by } in retained {
        match by_holder.iter_mut().find(|(known, _)| known == by) {
            Some((_, items)) => items.push(item.clone()),
            None => by_holder.push((by, vec![item.clone()])),
        }
    }
    for (by, items) in by_holder.iter().take(MOST) {
        let items = listed(items);
        _ = writeln!(text, "  {DIM}may go on with the old {items}: {by}{DIM:#}");
    }
    more(&mut text, by_holder.len() + retained_more, MOST);
    text
}

fn more(text: &mut String, all: usize, most: usize) {
    if all > most {
        _ = writeln!(text, "  {DIM}and {} more{DIM:#}", all - most);
    }
}

/// `shop::Order changed: was 24 bytes, is 32`, and below it what else is known of the item.
fn explain(detail: &Detail) -> String {
    let Detail { item, was, now, lines } = detail;
    let head = match (was, now) {
        (None, None) => item.clone(),
        (None, Some(now)) => format!("{item}: {now}"),
        (Some(was), None) => format!("{item}: was {was}"),
        (Some(was), Some(now)) if was == now => format!("{item} changed: {now} as before"),
        (Some(was), Some(now)) => {
            // "was 24 bytes, is 32"
            let short = now.strip_suffix(" bytes").filter(|_| was.ends_with(" bytes"));
            format!("{item} changed: was {was}, is {}", short.unwrap_or(now))
        }
    };
    let mut text = String::new();
    for (index, line) in head.lines().chain(lines.iter().map(String::as_str)).enumerate() {
        let indent = if index == 0 { "    " } else { "      " };
        _ = writeln!(text, "{indent}{line}");
    }
    text
}

/// Returns how a program ended, by its status as a shell reports it.
pub fn ended(status: u8) -> String {
    match status.checked_sub(128) {
        None | Some(0) => format!("ended with status {status}"),
        Some(signal) => match signal_name(signal.into()) {
            Some(name) => format!("was killed by {name}"),
            None => format!("was killed by signal {signal}"),
        },
    }
}

/// `1 hot function`, `4 hot functions`.
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn print(text: &str) {
    if screen::hold(text.as_bytes()) {
        return;
    }
    let stderr = std::io::stderr();
    print_to(&mut stderr.lock(), AutoStream::choice(&stderr), text);
}

/// One write, also without colours, where anstream's own stream makes one of each piece between
/// them.
fn print_to(to: &mut impl std::io::Write, colours: ColorChoice, text: &str) {
    let text = match colours {
        ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    };
    if screen::hold(text.as_bytes()) {
        return;
    }
    // If standard error is gone there is no reader.
    let _ = to.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;
    use crate::show::Milliseconds;

    fn line(event: &Event) -> String {
        let text = Terminal { verbose: false, running: true }.render(event);
        anstream::adapter::strip_str(&text).to_string()
    }

    /// A program that prints meanwhile would tear a line apart.
    #[test]
    fn a_line_is_one_write_with_colours_and_without() {
        #[derive(Default)]
        struct Writes(Vec<String>);
        impl std::io::Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.push(String::from_utf8_lossy(bytes).into_owned());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let text = format!("{CARE}↻ restarted{CARE:#} (pid 7): why\n");
        for (colours, expected) in
            [(ColorChoice::Never, "↻ restarted (pid 7): why\n"), (ColorChoice::Always, &*text)]
        {
            let mut writes = Writes::default();
            print_to(&mut writes, colours, &text);
            assert_eq!(writes.0, [expected]);
        }
    }

    #[test]
    fn a_reload_is_one_line_and_what_is_not_live_another() {
        let ms = Milliseconds { detect: 12, rustc: 110, diff: 3, load: 2, total: 134 };
        let applied = |not_live| Event::Applied {
            patch: 1,
            effect: Effect {
                functions: vec!["shop/cart/*Cart.total".into()],
                not_applied: NotApplied { not_live, ..NotApplied::default() },
                ..Effect::default()
            },
            ms,
        };
        let first = "✓ Hot reload was successful: shop/cart/*Cart.total \
                     (134 ms: detect 12, rustc 110, diff 3, load 2)\n";
        assert_eq!(line(&applied(vec![])), first);
        let second = "  takes effect at restart: shop::report::footer\n";
        assert_eq!(line(&applied(vec!["shop::report::footer".into()])), format!("{first}{second}"));
    }

    #[test]
    fn who_goes_on_with_old_code_is_told_line_by_line() {
        let all = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let held = |n: usize| Retained {
            item: format!("shop::f{n}"),
            by: format!("a future of shop::g{}", n / 2),
        };
        let other = Retained { item: "shop::h".into(), by: "a future of shop::g0".into() };
        let not_applied = NotApplied {
            not_live: all(&["shop::a"]),
            not_live_why: "no #[hot] function reaches it".into(),
            partly: vec![Partly {
                item: "shop::b".into(),
                old_in: all(&["main::run"]),
                hot_on: all(&["shop::b"]),
            }],
            retained: (0..6).map(held).chain([other]).collect(),
            retained_more: 3,
            once: vec![Once { function: "shop/d".into(), from: all(&["main::main"]) }],
            removed: all(&["shop/c"]),
        };
        let effect = Effect {
            functions: all(&["shop/d"]),
            added: all(&["shop/e"]),
            not_applied,
            ..Effect::default()
        };
        let event = Event::NoEffect { changed: vec![], why: "w".into(), dry_run: Some(effect) };
        assert_eq!(
            line(&event),
            "– dry run: would replace shop/d\n  new: shop/e\n  \
             gone from the source: shop/c (what still calls it gets its last code)\n  \
             takes effect at restart: shop::a\n    no #[hot] function reaches it\n  \
             may not be called again: shop/d is called only from main::main, once, and main has \
             begun\n  \
             partly live: main::run goes on with the old shop::b; #[hot] on shop::b prevents that\n  \
             may go on with the old shop::f0, shop::f1, shop::h: a future of shop::g0\n  \
             may go on with the old shop::f2, shop::f3: a future of shop::g1\n  \
             may go on with the old shop::f4, shop::f5: a future of shop::g2\n  and 2 more\n"
        );
    }

    #[test]
    fn each_reason_of_no_effect_is_a_line() {
        let why =
            "no #[hot] function reaches it: a is used by b (#[hot] on a makes it live); c is new";
        let event = Event::NoEffect { changed: vec!["a".into()], why: why.into(), dry_run: None };
        assert_eq!(
            line(&event),
            "– no effect: a changed, but no #[hot] function reaches it: a is used by b (#[hot] on a \
             makes it live)\n    c is new\n"
        );
    }

    #[test]
    fn a_refusal_shows_each_item_and_what_follows() {
        let detail = |item: &str, was: &str, now: &str, lines: &[&str]| Detail {
            lines: lines.iter().map(|&line| line.into()).collect(),
            ..Detail::changed(item.into(), was.into(), now.into())
        };
        let refused = |details| Event::Refused {
            why: Refusal::Layout,
            details,
            next: Next::Restart,
            dry_run: false,
        };
        let fields =
            ["qty: u32 at 8 → u64 at 8", "reached from: static shop::OPEN (HashMap<u64, Order>)"];
        let order = detail("shop::Order", "24 bytes", "32 bytes", &fields);
        assert_eq!(
            line(&refused(vec![order])),
            "✗ not live[HOT0103] (layout)\n    shop::Order changed: was 24 bytes, is 32\n      \
             qty: u32 at 8 → u64 at 8\n      \
             reached from: static shop::OPEN (HashMap<u64, Order>)\n  \
             restarting (--no-restart keeps the old code running)\n"
        );
        for (detail, text) in [
            (
                detail("shop::Order", "8 bytes", "8 bytes", &[]),
                "shop::Order changed: 8 bytes as before",
            ),
            (
                detail("shop::total", "fn()", "fn(u8)", &[]),
                "shop::total changed: was fn(), is fn(u8)",
            ),
            (Detail::sentence("a sentence".into()), "a sentence"),
            (Detail::sentence("two\nlines".into()), "two\n      lines"),
        ] {
            let told = line(&refused(vec![detail]));
            assert!(told.contains(&format!("\n    {text}\n  restarting")), "{told}");
        }
    }

    #[test]
    fn what_does_not_build_says_what_runs() {
        let error = Event::CompileError { rendered: "error".into() };
        assert_eq!(line(&error), "✗ does not build: the last good code runs on\n");
        let first = Terminal { verbose: false, running: false }.render(&error);
        assert_eq!(anstream::adapter::strip_str(&first).to_string(), "✗ does not build\n");
    }

    #[test]
    fn an_end_by_a_signal_is_told_as_one() {
        assert_eq!(
            line(&Event::Exited { status: 139 }),
            "hot: the program was killed by SIGSEGV\n"
        );
        assert_eq!(line(&Event::Exited { status: 0 }), "");
    }
}
