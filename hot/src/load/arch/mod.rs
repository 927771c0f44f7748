//! Processors: the questions ([`processor`]), and the answers of each in a file of its own.

mod processor;
pub(crate) use processor::Arch;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::X86_64 as Processor;

#[cfg(not(target_arch = "x86_64"))]
mod unsupported;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use unsupported::Unsupported as Processor;
