//! Programs that a killed tool has left behind.
//!
//! They run, and listen for patches. A new tool does not take them over: it does not know what
//! patches they have loaded, and whoever binds to what runs must know all of it. But a person
//! wants to know of them, since they may hold the port that the new program wants.

use crate::process::link::Probe;
use crate::process::{is_alive, socket};
use crate::run::session::Session;
use std::path::{Path, PathBuf};

impl Session {
    /// Names the programs of this project that have outlived their tool.
    pub fn report_orphans(&self) {
        let mut folders: Vec<PathBuf> = self.options.watch.clone();
        folders.extend(self.builder.target_dir().map(Path::to_owned));
        let sockets = socket::sockets(&self.sockets).into_iter();
        for (_, path) in sockets.filter(|(tool, _)| !is_alive(*tool)) {
            let Ok(Some(probe)) = Probe::connect(&path) else { continue };
            let pid = probe.hello.pid;
            let Ok(executable) = std::fs::read_link(format!("/proc/{pid}/exe")) else { continue };
            if folders.iter().any(|folder| executable.starts_with(folder)) {
                let name = executable.file_name().unwrap_or_default().display();
                self.show.terminal.warn(&format!(
                    "{name} (pid {pid}) still runs, left behind by a hot that was killed; saves \
                     do not go live in it; `kill {pid}` ends it"
                ));
            }
        }
    }
}
