//! An operating system, as the loader sees it.

use std::ops::Range;

/// The executable as it lies in memory.
#[derive(Debug)]
pub(crate) struct Host {
    /// Added to an address in the executable's file to get the address in memory.
    pub(crate) bias: u64,
    /// The addresses that its segments cover.
    pub(crate) span: Range<u64>,
    /// The linker's build ID; empty when there is none.
    pub(crate) build_id: Vec<u8>,
}

/// Access of a range of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Data.
    ReadWrite,
    /// Constants.
    Read,
    /// Code.
    ReadExecute,
}

/// An object that is named to those who ask what is loaded, although no file holds it yet.
#[derive(Debug)]
#[cfg_attr(
    not(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64")),
    expect(dead_code, reason = "nothing is announced")
)]
pub(crate) struct Announced {
    /// The file that will describe it.
    pub(crate) file: std::ffi::CString,
    /// Added to an address in the file to get the address in memory. Not 0.
    pub(crate) bias: u64,
    /// Where it lies.
    pub(crate) range: Range<u64>,
}

/// One operating system. All addresses are in bytes; all ranges begin and end on a page.
pub(crate) trait Os {
    /// Returns the executable of this process, found once.
    fn host() -> &'static Host;

    /// Where the thread-local block of the executable lies for the calling thread, if it lies at
    /// one distance from the thread pointer for every thread.
    fn thread_block() -> Option<Range<u64>>;

    /// Returns the ranges of addresses that are in use now, ascending.
    ///
    /// # Errors
    /// Those of the system, as a sentence.
    fn mappings() -> Result<Vec<Range<u64>>, String>;

    /// Reserves exactly this range, inaccessible, or fails if any of it is in use by now.
    fn reserve(range: Range<u64>) -> Result<(), String>;

    /// Changes the access of pages that were reserved with [`Os::reserve`].
    ///
    /// # Safety
    /// Nothing may refer to the pages in a way that the new access forbids.
    unsafe fn protect(range: Range<u64>, access: Access) -> Result<(), String>;

    /// Makes reserved pages inaccessible again and gives their memory back, or else leaves them as
    /// they are.
    ///
    /// # Safety
    /// Nothing may refer to the pages.
    unsafe fn release(range: Range<u64>) -> Result<(), String>;

    /// Makes a zero-terminated `.eh_frame` known to the unwinder, for good.
    ///
    /// # Safety
    /// The table must be well formed, relocated, and stay where it is for ever.
    unsafe fn register_frames(table: *const u8);

    /// Returns the address of a dynamic symbol of this process.
    fn symbol(name: &str) -> Option<u64>;

    /// [`Os::announce`] has an effect.
    const ANNOUNCES: bool;

    /// Names objects to those who ask, from now on, what is loaded. At most once.
    fn announce(objects: Vec<Announced>);

    /// Registers with a debugger, attached now or later, an ELF file whose addresses are those in
    /// memory.
    fn register_with_debugger(elf: &'static [u8]);

    /// Has a function called when the process exits in the ordinary way.
    fn at_exit(run: extern "C" fn());
}
