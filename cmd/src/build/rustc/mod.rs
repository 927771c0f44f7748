//! The commands of rustc, and the files in which it tells what it read and linked.

pub mod depinfo;
pub mod invocation;
pub mod linkage;

pub use invocation::{CrateArgs, RustcInvocation, key_of_artifact, name_of_key};
pub use linkage::Linkage;
