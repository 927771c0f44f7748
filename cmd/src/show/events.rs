//! The file of events: one JSON object a line, flushed at once.

use crate::diff::NotApplied;
use crate::refusal::{Detail, Refusal};
use anyhow::{Context, Result};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Cargo begins to build.
    Building,
    /// The program runs, and what it is made of is known: edits can go live.
    Running {
        /// Its process ID.
        pid: u32,
        /// Number of its hot functions.
        hot_functions: usize,
        /// Build ID of its executable, in hexadecimal.
        build_id: String,
        /// Crates without debug information, of which less is checked.
        #[serde(rename = "undescribed", skip_serializing_if = "Vec::is_empty")]
        without_debuginfo: Vec<String>,
    },
    /// Files that the program is made from have changed. Exactly one answer follows.
    Change {
        /// The files, relative to the workspace's root where they are below it.
        files: Vec<String>,
    },
    /// Answer: it does not compile.
    CompileError {
        /// The errors as the compiler renders them, without colours.
        rendered: String,
    },
    /// Answer: it is live.
    Applied {
        /// Which patch of the process, from 1.
        patch: u32,
        /// The effect of the patch.
        #[serde(flatten)]
        effect: Effect,
        /// Where the time went.
        ms: Milliseconds,
    },
    /// Answer: nothing had to be replaced.
    NoEffect {
        /// Functions and statics that changed.
        changed: Vec<String>,
        /// Why that has no effect.
        why: String,
        /// In a dry run: what loading it would do. Then it is held back.
        #[serde(skip_serializing_if = "Option::is_none")]
        dry_run: Option<Effect>,
    },
    /// Answer: it cannot go live.
    Refused {
        /// Its kind, as the word in `why` and as `code`.
        #[serde(flatten, serialize_with = "why_and_code")]
        why: Refusal,
        /// Each item that stands in the way.
        details: Vec<Detail>,
        /// The consequence.
        next: Next,
        /// True if only the dry run keeps the program from being restarted.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
    },
    /// Answer to a change that only cargo can act on, or what follows a refusal.
    Restarted {
        /// The new process ID.
        pid: u32,
        /// Number of its hot functions.
        hot_functions: usize,
        /// Build ID of its executable, in hexadecimal.
        build_id: String,
        /// Why.
        why: String,
    },
    /// The program has ended.
    Exited {
        /// Its status as a shell reports it.
        status: u8,
    },
}

/// Writes the kind of a refusal as two fields.
fn why_and_code<S: Serializer>(why: &Refusal, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("why", why.word())?;
    fields.serialize_entry("code", why.code())?;
    fields.end()
}

/// The effect of a patch, or the one that it would have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Names of the hot functions that are replaced.
    pub functions: Vec<String>,
    /// Names of the hot functions that come with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Changes of the same save that are not live, or not for everyone.
    #[serde(flatten)]
    pub not_applied: NotApplied,
    /// Number of statics that come with it.
    pub new_statics: usize,
    /// Size of the patch.
    pub bytes: usize,
}

/// The consequence of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// The program is restarted.
    Restart,
    /// The old code runs on.
    Keep,
}

/// Where the time of a reload went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Milliseconds {
    /// From the first notice of the save to the knowledge of what changed.
    pub detect: u64,
    /// In rustc.
    pub rustc: u64,
    /// Reading objects, comparing, making the patch.
    pub diff: u64,
    /// From sending the patch to the program's word that it is live.
    pub load: u64,
    /// From the first notice to that word.
    pub total: u64,
}

/// How much is kept of events that could not be written, in bytes.
const OWED: usize = 1 << 20;

/// Where events go, if anywhere.
///
/// A disk may be full. What could not be written is written with the next event, and what was
/// written of it in part is taken back, so that a reader finds whole lines and each in its order.
#[derive(Debug, Default)]
pub struct Events {
    file: Option<File>,
    /// Lines that are not in the file.
    owed: Vec<u8>,
    /// True if the last write failed.
    failed: bool,
}

impl Events {
    /// Appends to this file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn append(path: &Path) -> Result<Events> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("failed to open {} for the events", path.display()))?;
        Ok(Events { file: Some(file), ..Events::default() })
    }

    /// Writes one line, whole, after those that are owed.
    ///
    /// # Errors
    /// Those of the file; only the first, when writing fails again and again.
    pub fn write(&mut self, event: &Event) -> std::io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        serde_json::to_writer(&mut self.owed, event)?;
        self.owed.push(b'\n');
        let before = file.metadata().ok().filter(|metadata| metadata.is_file());
        // One write: a reader never sees half a line, and a file has no buffer to flush.
        let written = file.write_all(&self.owed);
        match (&written, before) {
            (Err(_), Some(before)) => {
                // If this fails too, nothing was written.
                let _ = file.set_len(before.len());
                while self.owed.len() > OWED {
                    let line = self.owed.iter().position(|&byte| byte == b'\n');
                    self.owed.drain(..=line.unwrap_or(self.owed.len() - 1));
                }
            }
            // A pipe or a device takes nothing back.
            _ => self.owed.clear(),
        }
        let failed_before = std::mem::replace(&mut self.failed, written.is_err());
        if failed_before { Ok(()) } else { written }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Once, Partly, Retained};

    fn json(event: &Event) -> String {
        serde_json::to_string(event).unwrap()
    }

    #[test]
    fn events_have_the_shapes_of_the_contract() {
        assert_eq!(json(&Event::Building), r#"{"event":"building"}"#);
        let running = Event::Running {
            pid: 123,
            hot_functions: 4,
            build_id: "ab".into(),
            without_debuginfo: vec![],
        };
        let text = r#"{"event":"running","pid":123,"hot_functions":4,"build_id":"ab"}"#;
        assert_eq!(json(&running), text);
        let applied = Event::Applied {
            patch: 1,
            effect: Effect {
                functions: vec!["shop/cart/*Cart.total".into()],
                not_applied: NotApplied {
                    not_live: vec!["shop::report::footer".into()],
                    ..NotApplied::default()
                },
                bytes: 4096,
                ..Effect::default()
            },
            ms: Milliseconds { detect: 1, rustc: 2, diff: 3, load: 4, total: 10 },
        };
        assert_eq!(
            json(&applied),
            concat!(
                r#"{"event":"applied","patch":1,"functions":["shop/cart/*Cart.total"],"#,
                r#""not_live":["shop::report::footer"],"new_statics":0,"bytes":4096,"#,
                r#""ms":{"detect":1,"rustc":2,"diff":3,"load":4,"total":10}}"#
            )
        );
        let refused = Event::Refused {
            why: Refusal::Layout,
            details: vec![
                Detail::changed("shop::Order".into(), "a".into(), "b".into()),
                Detail {
                    lines: vec!["l".into()],
                    ..Detail::changed("i".into(), "j".into(), "k".into())
                },
                Detail::of("m".into(), "n".into()),
                Detail::sentence("o".into()),
            ],
            next: Next::Restart,
            dry_run: false,
        };
        assert_eq!(
            json(&refused),
            concat!(
                r#"{"event":"refused","why":"layout","code":"HOT0103","#,
                r#""details":[{"item":"shop::Order","was":"a","now":"b"},"#,
                r#"{"item":"i","was":"j","now":"k","lines":["l"]},"#,
                r#"{"item":"m","was":null,"now":"n"},{"item":"o","was":null,"now":null}],"#,
                r#""next":"restart"}"#
            )
        );
        let error = Event::CompileError { rendered: "error[E0308]".into() };
        assert_eq!(json(&error), r#"{"event":"compile-error","rendered":"error[E0308]"}"#);
        let nothing = Event::NoEffect { changed: vec![], why: "w".into(), dry_run: None };
        assert_eq!(json(&nothing), r#"{"event":"no-effect","changed":[],"why":"w"}"#);
        assert_eq!(json(&Event::Exited { status: 0 }), r#"{"event":"exited","status":0}"#);
        let (build_id, why) = ("ab12".into(), "w".into());
        assert_eq!(
            json(&Event::Restarted { pid: 456, hot_functions: 4, build_id, why }),
            r#"{"event":"restarted","pid":456,"hot_functions":4,"build_id":"ab12","why":"w"}"#
        );
    }

    #[test]
    fn what_is_not_live_for_everyone_stands_beside_the_contract() {
        let not_applied = NotApplied {
            not_live: vec!["a".into()],
            not_live_why: "w".into(),
            partly: vec![Partly {
                item: "b".into(),
                old_in: vec!["c".into()],
                hot_on: vec!["b".into()],
            }],
            retained: vec![Retained { item: "d".into(), by: "e".into() }],
            retained_more: 7,
            once: vec![Once { function: "h".into(), from: vec!["i".into()] }],
            removed: vec!["f".into()],
        };
        let effect = Effect { not_applied, added: vec!["g".into()], ..Effect::default() };
        let event = Event::NoEffect { changed: vec![], why: "w".into(), dry_run: Some(effect) };
        assert_eq!(
            json(&event),
            concat!(
                r#"{"event":"no-effect","changed":[],"why":"w","dry_run":{"functions":[],"#,
                r#""added":["g"],"not_live":["a"],"not_live_why":"w","#,
                r#""partly":[{"item":"b","old_in":["c"],"hot_on":["b"]}],"#,
                r#""held":[{"item":"d","by":"e"}],"held_more":7,"once":[{"function":"h","from":["i"]}],"gone":["f"],"new_statics":0,"bytes":0}}"#
            )
        );
    }

    /// In a process of its own, for which files are not to grow any further.
    #[test]
    fn on_a_full_disk_lines_stay_whole_and_none_is_lost() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        const FILE: &str = "HOT_TEST_EVENTS";
        let lines = |n: u8| {
            let status = |n| format!("{{\"event\":\"exited\",\"status\":{n}}}\n");
            (1..=n).map(status).collect::<String>()
        };
        let Some(path) = std::env::var_os(FILE) else {
            let dir = tempfile::tempdir().unwrap();
            let test = "show::events::tests::on_a_full_disk_lines_stay_whole_and_none_is_lost";
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture"])
                .env(FILE, dir.path().join("e.jsonl"))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
            return;
        };
        let limit = |bytes| Rlimit { current: bytes, maximum: None };
        let text = || std::fs::read_to_string(&path).unwrap();
        let mut events = Events::append(Path::new(&path)).unwrap();
        let mut exited = |status| events.write(&Event::Exited { status });
        // Else the signal that comes with the error would end the process.
        let flag = std::sync::Arc::default();
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, flag).unwrap();
        exited(1).unwrap();
        // Room for a part of the next one.
        setrlimit(Resource::Fsize, limit(Some(text().len() as u64 + 10))).unwrap();
        exited(2).unwrap_err();
        assert_eq!(text(), lines(1));
        exited(3).expect("it is reported once");
        assert_eq!(text(), lines(1));
        setrlimit(Resource::Fsize, limit(None)).unwrap();
        exited(4).unwrap();
        assert_eq!(text(), lines(4));
        exited(5).unwrap();
        assert_eq!(text(), lines(5));
    }

    #[test]
    fn a_device_that_takes_nothing_is_told_of_and_nothing_piles_up() {
        let mut events = Events::append(Path::new("/dev/full")).unwrap();
        assert_eq!(
            events.write(&Event::Building).unwrap_err().kind(),
            std::io::ErrorKind::StorageFull
        );
        events.write(&Event::Building).unwrap();
        assert!(events.owed.is_empty());
    }

    #[test]
    fn each_event_is_a_line_and_the_file_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.jsonl");
        Events::append(&path).unwrap().write(&Event::Building).unwrap();
        Events::append(&path).unwrap().write(&Event::Exited { status: 3 }).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\"event\":\"building\"}\n{\"event\":\"exited\",\"status\":3}\n");
    }
}
