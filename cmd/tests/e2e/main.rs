//! End to end: the real tool, a real program, real edits.
//!
//! A test lays out a fixture (`tests/fixtures`, copied), starts `hot run` on it, and then does what
//! a person would: edits sources, reads what the tool tells, asks the running program. All that is
//! waited for are events and answers; no test measures time.
//!
//! - `harness::project`: a fixture laid out in a folder, and edits of its files;
//! - `harness::tool`: the tool's process, its output, its events;
//! - `harness::line`: questions to the program over one TCP connection that lives as long as the
//!   session;
//! - `session`: the three together, and the state that must survive every edit;
//! - `edits`: the groups of cases, one process each, and what a case is;
//! - `functions`, `items`, `locals`, `trouble`: the cases;
//! - `effect`: what is told of code that goes on as it was, and the dry run;
//! - `backtraces`, `debuggers`: what is read of patched code;
//! - `natives`: programs with C in them, and other allocators; `kinds`: libraries of each type;
//! - `undescribed`: a program without debug information;
//! - `table`: what each kind of edit comes to, one row each;
//! - `exec`: commands of the user's own that build and start the program;
//! - `orphan`: a program whose tool was killed; `killed`: a tool whose program was; `children`: a
//!   program that starts itself;
//! - `storm`: many saves at once; `places`: where a project may lie, and what its files say of time;
//! - `beside`: other cargos at work in the same target folder;
//! - `command`: what the command line promises; `paths`: patches named on the program's stdin.

mod backtraces;
mod beside;
mod children;
mod command;
mod debuggers;
mod edits;
mod effect;
mod exec;
mod functions;
#[path = "../harness/mod.rs"]
mod harness;
mod items;
mod killed;
mod kinds;
mod locals;
mod natives;
mod orphan;
mod paths;
mod places;
mod profiles;
mod session;
mod storm;
mod table;
mod trouble;
mod undescribed;

use harness::{line, project, tool};
