//! Operating systems: the questions ([`system`]), and the answers of each in a file of its own.

mod system;
pub(crate) use system::{Access, Announced, Host, Os};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod linux;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) use linux::Linux as Platform;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod unsupported;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) use unsupported::Unsupported as Platform;
