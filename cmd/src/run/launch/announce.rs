//! Reports about a start: that edits can go live, or why not, and what follows from the way in
//! which the program runs.

use crate::diff::registered;
use crate::process::process_tree;
use crate::run::session::Session;
use crate::show::Event;
use crate::show::terminal::count;
use std::time::{Duration, Instant};

impl Session {
    /// Reports that edits can go live, or why not, once for each start. What was reported of the
    /// first start and holds for a later one is not repeated: `restarted` has said that it runs. Of
    /// a program that `ended` meanwhile, only that it ran.
    pub fn announce(&mut self, ended: bool) {
        if std::mem::replace(&mut self.start.announced, true) {
            return;
        }
        let known = self.baseline.get().and_then(|session| {
            let without_debuginfo = session.undescribed()?;
            Ok((session.hot_functions(), hex(session.build_id()), without_debuginfo))
        });
        let (pid, first) = (self.pid(), self.is_first());
        let executable = self.executable(pid);
        let obstacle = self.build.as_ref().and_then(|build| build.obstacle.clone());
        let (hot_functions, build_id, without_debuginfo) = match known {
            Ok(known) => known,
            Err(error) => {
                if first || obstacle.is_none() {
                    let why = obstacle.unwrap_or_else(|| format!("{error:#}"));
                    let note =
                        format!("the program runs (pid {pid}), each edit restarts it: {why}");
                    self.show.terminal.warn(&note);
                }
                self.report_running(0, hex(&registered(&executable).1), Vec::new());
                return;
            }
        };
        self.report_running(hot_functions, build_id, without_debuginfo.clone());
        let name = executable.file_name().unwrap_or_default().display();
        match hot_functions {
            _ if ended => {}
            0 => self.show.terminal.warn(&format!(
                "{name} runs (pid {pid}), but has no #[hot] function: no edit can go live in it; \
                 put #[hot] on a function, an impl block or a module"
            )),
            n if first => {
                let functions = count(n, "hot function");
                let saves = if self.state.is_dry_run() {
                    "dry run, saves are judged and nothing is loaded"
                } else {
                    "saved edits go live"
                };
                let note = format!("{name} runs (pid {pid}) with {functions}: {saves}");
                self.show.terminal.note(&note);
            }
            n => self.show.terminal.detail(&count(n, "hot function")),
        }
        self.report_remarks();
        if hot_functions > 0 && !ended && self.reported.without_debuginfo != without_debuginfo {
            if !without_debuginfo.is_empty() {
                self.show.terminal.warn(&checks_less(&without_debuginfo));
            }
            self.reported.without_debuginfo = without_debuginfo;
        }
    }

    /// Reports what follows from the settings of the build, when that is something else than
    /// before.
    fn report_remarks(&mut self) {
        let remarks = self.build.as_ref().map(|build| build.remarks.clone()).unwrap_or_default();
        if self.reported.remarks != remarks {
            remarks.iter().for_each(|remark| self.show.terminal.warn(remark));
            self.reported.remarks = remarks;
        }
    }

    /// Reports whether this is the start of which `running` is reported.
    fn is_first(&self) -> bool {
        self.exec.as_ref().map_or(self.start.number == 1, |exec| !exec.reported)
    }

    /// Reports the first start as running. Of a later one, `restarted` has said so.
    fn report_running(
        &mut self,
        hot_functions: usize,
        build_id: String,
        without_debuginfo: Vec<String>,
    ) {
        if self.is_first() {
            if let Some(exec) = &mut self.exec {
                exec.reported = true;
            }
            let pid = self.pid();
            self.show.report(&Event::Running { pid, hot_functions, build_id, without_debuginfo });
        }
    }

    /// Reports that the program has been started again. What it is made of is still being read, but
    /// not what stands in the executable.
    pub fn report_restarted(&mut self, pid: u32, why: String) {
        let (hot_functions, build_id) = registered(&self.executable(pid));
        let is_live = self.build.as_ref().is_none_or(|build| build.obstacle.is_none());
        let hot_functions = if is_live { hot_functions } else { 0 };
        self.show.report(&Event::Restarted { pid, hot_functions, build_id: hex(&build_id), why });
    }

    /// Announces a program that has ended: one that ends at once may do so before it was read, and
    /// whoever reads the events shall still hear that it ran.
    pub fn announce_before_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        while !self.start.announced && !self.baseline.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.baseline.is_over() && !self.interrupt.requested() {
            self.announce(true);
        }
    }

    /// Warns if the program has not come to its reloader by now.
    pub fn warn_not_listening(&mut self) {
        let functions = self.baseline.get().map_or(0, |session| session.hot_functions());
        let Some(program) = &self.program else { return };
        match program.link.wait(Duration::ZERO, || false) {
            Ok(Some(_)) => {}
            Ok(None) if functions > 0 => {
                let warning = format!(
                    "the program has not called the reloader yet{}: edits are built, but cannot be \
                     loaded before it does; say `tokio::spawn(hot::reloader_loop())` where main \
                     begins, or without a runtime `hot::spawn_reloader()`",
                    self.others()
                );
                self.show.terminal.warn(&warning);
            }
            Ok(None) => {}
            Err(error) => self.show.terminal.warn(&format!("{error:#}")),
        }
    }

    /// Returns what is to be said of other processes that have called the reloader instead.
    pub fn others(&self) -> String {
        let others = self.program.as_ref().map(|program| program.link.others());
        match others.unwrap_or_default() {
            others if others.is_empty() => String::new(),
            others => format!(
                " (it is process {}; {} below it did, where no edit goes live)",
                self.pid(),
                pids(&Vec::from_iter(others))
            ),
        }
    }

    /// Reports once for each start that processes which the program has made of itself get no
    /// edits.
    pub fn report_copies(&mut self) {
        if self.start.copies_reported {
            return;
        }
        let copies = process_tree::copies_of(self.pid());
        if !copies.is_empty() {
            self.start.copies_reported = true;
            self.show.terminal.note(&format!(
                "the program has started itself: {} keeps the code that it was built with, and so \
                 does each that follows; edits go live in pid {} alone",
                pids(&copies),
                self.pid()
            ));
        }
    }
}

/// Returns the warning about crates that describe no types.
fn checks_less(crates: &[String]) -> String {
    let names = crates.join(", ");
    let are = if crates.len() == 1 { "is" } else { "are" };
    format!(
        "{names} {are} compiled without full debug information, so less is checked: of arguments, \
         results and statics only size, alignment and name, and a type that changes inside is not \
         seen; set `debug = true` in the profile (`line-tables-only` is not enough)"
    )
}

/// Returns process IDs as they are written in a sentence.
fn pids(pids: &[u32]) -> String {
    format!("pid {}", pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))
}

/// Returns bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
