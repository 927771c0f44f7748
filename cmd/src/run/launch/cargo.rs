//! Builds by cargo, and the restarts that follow.

use crate::build::cargo::Said;
use crate::build::{Built, Usage};
use crate::refusal::{Detail, Refusal};
use crate::run::input::Input;
use crate::run::session::Session;
use crate::show::{Event, Next, Progress, crate_label};
use crate::watch::Touched;
use anyhow::Result;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::time::SystemTime;

impl Session {
    /// Builds for the first time, and starts the program.
    ///
    /// # Errors
    /// [`Usage`] for a build in which no edit can go live.
    pub fn build_first(&mut self) -> Result<Option<Input>> {
        let built = self.build()?;
        if self.interrupt.requested() {
            return Ok(None);
        }
        let unfit = match built {
            Built::Program(build) => match build.obstacle.clone() {
                Some(why) => why,
                None => {
                    self.start(build)?;
                    return Ok(Some(Input::Started));
                }
            },
            Built::Refused(why) => why,
            Built::Failed(rendered) => {
                self.show.report(&Event::CompileError { rendered });
                return Ok(Some(Input::NotBuilt));
            }
        };
        if !self.options.wait {
            return Err(Usage(unfit).into());
        }
        self.show.terminal.error(&unfit);
        Ok(Some(Input::NotBuilt))
    }

    /// Looks whether a file changed that may be the fix of the first build.
    pub fn look_for_fix(&mut self, touched: Touched) -> Option<Input> {
        let files = self.detector.fixes(touched);
        if files.is_empty() {
            return None;
        }
        self.show.report(&Event::Change { files: self.detector.names(&files) });
        Some(Input::Fixed)
    }

    /// Builds with cargo.
    fn build(&mut self) -> Result<Built> {
        // Before it is reported: what is saved on that word counts as written meanwhile.
        let begun = SystemTime::now();
        self.show.report(&Event::Building);
        let progress = (self.start.number == 0).then(Progress::begin);
        let show = &mut self.show;
        let mut print = |said: Said<'_>| match said {
            Said::Built(_) => {}
            Said::Note(text) => show.terminal.note(text),
            Said::Warning(target, text) => {
                let of = crate_label(&target.name, target.is_bin() || target.is_example());
                show.warning(&of, text);
            }
            Said::Error(text) => show.terminal.compiler(text),
        };
        let built = self.builder.build(&mut |said| match (&progress, said) {
            (Some(progress), Said::Built(name)) => progress.built(name),
            (Some(progress), said) => progress.aside(|| print(said)),
            (None, said) => print(said),
        });
        drop(progress);
        let built = built?;
        self.show.warnings.built(matches!(built, Built::Program(_)));
        match &built {
            Built::Failed(rendered) | Built::Refused(rendered) => {
                self.detector.learn(&self.builder);
                self.detector.compiled(Some(rendered.clone()));
            }
            Built::Program(build) => {
                self.settle();
                // Cargo itself may have written it.
                let lock = BTreeSet::from([self.builder.root().join("Cargo.lock")]);
                self.detector.follow_new(build, &self.builder, begun, &lock);
                self.warn_of_unseen_folders();
            }
        }
        Ok(built)
    }

    /// Builds, and only then stops the old program and starts the new one. With `refused`, the
    /// change that leads to this is refused once it is known to compile.
    pub fn restart(&mut self, why: &str, refused: Option<Refusal>) -> Option<Input> {
        if self.policy.by_command {
            return Some(self.run_again(why, refused));
        }
        let restarted = self.build().and_then(|built| match built {
            _ if self.interrupt.requested() => Ok(None),
            Built::Failed(rendered) | Built::Refused(rendered) => {
                self.show.report(&Event::CompileError { rendered });
                Ok(Some(self.not_restarted(why)))
            }
            Built::Program(build) => {
                if let Some(kind) = refused {
                    let details = vec![Detail::sentence(why.to_owned())];
                    self.report_refused(kind, details, Next::Restart, false);
                }
                self.stop_program(Some(Signal::TERM))?;
                self.start(build)?;
                self.report_restarted(self.pid(), why.to_owned());
                Ok(Some(Input::Started))
            }
        });
        restarted
            .unwrap_or_else(|error| Some(self.restart_failed(why, "restart the program", error)))
    }

    /// Reports that a restart failed for another reason than an error in the source.
    pub fn restart_failed(&mut self, why: &str, what: &str, error: anyhow::Error) -> Input {
        let error = format!("failed to {what}: {error:#}");
        self.show.terminal.error(&error);
        self.show.report(&Event::CompileError { rendered: format!("error: {error}\n") });
        self.not_restarted(why)
    }

    fn not_restarted(&self, why: &str) -> Input {
        Input::NotRestarted { why: why.to_owned(), runs: self.program.is_some() }
    }

    /// Reports that a save cannot go live. If only the dry run keeps the program from being
    /// restarted, its files wait for the end of that.
    pub fn report_refused(&mut self, why: Refusal, details: Vec<Detail>, next: Next, held: bool) {
        self.show.report(&Event::Refused { why, details, next, dry_run: held });
        if held {
            self.waiting.append(&mut self.files);
        }
    }
}
