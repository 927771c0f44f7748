//! The maker of the program.

use crate::build::cargo::Selection;
use cargo_metadata::Metadata;
use std::path::PathBuf;

/// The maker of a program: cargo, called by hot, or a command that calls cargo itself.
#[derive(Debug)]
pub enum Origin {
    /// Hot calls cargo.
    Cargo {
        /// The targets to build.
        selection: Selection,
        /// The workspace, as cargo described it last.
        workspace: Box<Metadata>,
    },
    /// A command of the user's builds the program and starts it.
    Command {
        /// The folder that the command is run in.
        root: PathBuf,
        /// The log of the records that its cargos make.
        log: PathBuf,
        /// The target folder, once a program was adopted.
        target_dir: Option<PathBuf>,
    },
}
