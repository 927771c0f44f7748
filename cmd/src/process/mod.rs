//! The running program: start, talk, stop.
//!
//! [`Program`] is the child process, which is the program itself or a command that builds and
//! starts it ([`process_tree`]: whatever that has started); [`link`] is the connection to the
//! reloader inside it, over the socket whose place [`socket`] chooses; [`lineage`] tells the
//! program from its children there.

pub mod lineage;
pub mod link;
pub mod process_tree;
pub mod program;
pub mod socket;

pub use process_tree::is_alive;
pub use program::{Kind, Launch, Program, exit_code};
