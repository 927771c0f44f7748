//! Cargo's messages about a build, one JSON object a line.
//!
//! Of a build that hot did not hear, the same is put together from the records
//! ([`crate::build::capture::reconstruct`]); so what is needed of cargo's messages has types of its
//! own.

use super::output_budget::{self, OutputBudget};
use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{Message, PackageId, Target, TargetKind};
use std::io::{BufRead, Result};
use std::path::{Path, PathBuf};

/// The messages of a build, put together.
#[derive(Debug, Default)]
pub struct Outcome {
    /// True if everything was built.
    pub success: bool,
    /// Every artifact, also the fresh ones.
    pub artifacts: Vec<Artifact>,
    /// Every build script that was run, now or earlier.
    pub scripts: Vec<BuildScript>,
    /// Text of the errors, without colours, as far as it is kept; empty after a success.
    pub errors: String,
}

/// The files that one command of rustc has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The package.
    pub package: PackageId,
    /// The package's folder.
    pub folder: PathBuf,
    /// The kind of target: a library, a program, a build script.
    pub kinds: Vec<TargetKind>,
    /// The target's name.
    pub name: String,
    /// The crate's root.
    pub source: PathBuf,
    /// The files.
    pub files: Vec<PathBuf>,
    /// That of them which can be run.
    pub executable: Option<PathBuf>,
    /// True if it holds the tests of its target.
    pub is_test: bool,
    /// True if it was there before.
    pub is_fresh: bool,
}

/// The instructions that a build script has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildScript {
    /// The package.
    pub package: PackageId,
    /// `OUT_DIR`.
    pub out_dir: PathBuf,
    /// The folders that libraries are looked for in, each with its kind before it if that was said.
    pub linked_paths: Vec<String>,
    /// The variables for rustc.
    pub env: Vec<(String, String)>,
}

impl From<cargo_metadata::Artifact> for Artifact {
    fn from(said: cargo_metadata::Artifact) -> Artifact {
        let folder = said.manifest_path.parent().map(|folder| folder.as_std_path());
        Artifact {
            folder: folder.unwrap_or(Path::new("")).to_owned(),
            package: said.package_id,
            kinds: said.target.kind,
            name: said.target.name,
            source: said.target.src_path.into(),
            files: said.filenames.into_iter().map(PathBuf::from).collect(),
            executable: said.executable.map(PathBuf::from),
            is_test: said.profile.test,
            is_fresh: said.fresh,
        }
    }
}

impl From<cargo_metadata::BuildScript> for BuildScript {
    fn from(said: cargo_metadata::BuildScript) -> BuildScript {
        BuildScript {
            package: said.package_id,
            out_dir: said.out_dir.into(),
            linked_paths: said.linked_paths.into_iter().map(String::from).collect(),
            env: said.env,
        }
    }
}

/// A message of a build while it goes on, besides cargo's own lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A step that is hot's own.
    Note(&'a str),
    /// This crate is there, compiled now or before.
    Built(&'a str),
    /// A warning of the compiler about this target.
    Warning(&'a Target, &'a str),
    /// An error of the compiler, or more about one.
    Error(&'a str),
}

/// The receiver of messages. Compiler and cargo are read by threads of their own.
pub type Say<'a> = dyn FnMut(Said<'_>) + Send + 'a;

/// Reads the messages of a build, and passes on what is to be heard while it goes on.
///
/// # Errors
/// When they cannot be read.
pub fn read(from: impl BufRead, say: &mut Say<'_>) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (mut errors, mut warnings) = (OutputBudget::default(), OutputBudget::default());
    for line in output_budget::lines(from) {
        let Some(line) = line? else {
            errors.leave_out();
            continue;
        };
        let Some(message) = Message::parse_stream(&*line).next() else { continue };
        match message? {
            Message::CompilerArtifact(artifact) => {
                say(Said::Built(&artifact.target.name));
                outcome.artifacts.push(artifact.into());
            }
            Message::BuildScriptExecuted(script) => outcome.scripts.push(script.into()),
            Message::CompilerMessage(message) => {
                let Some(rendered) = message.message.rendered else { continue };
                match message.message.level {
                    DiagnosticLevel::Error | DiagnosticLevel::Ice => {
                        if !errors.admits(&rendered) {
                            continue;
                        }
                        say(Said::Error(&rendered));
                        outcome.errors.push_str(&plain(rendered.as_bytes()));
                    }
                    DiagnosticLevel::FailureNote => say(Said::Error(&rendered)),
                    _ if warnings.admits(&rendered) => {
                        say(Said::Warning(&message.target, &rendered));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if let Some(rest) = warnings.rest("warnings") {
        say(Said::Note(rest.trim_end()));
    }
    if let Some(rest) = errors.rest("error") {
        say(Said::Error(&rest));
        outcome.errors.push_str(&rest);
    }
    Ok(outcome)
}

/// Text without colours.
pub fn plain(text: &[u8]) -> String {
    String::from_utf8_lossy(&anstream::adapter::strip_bytes(text).into_vec()).into_owned()
}
