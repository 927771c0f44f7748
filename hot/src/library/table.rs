//! The table that a library exports, and the handshake between it and the program.
//!
//! The library has its own copy of this crate. Nothing says that the two copies are alike, so the
//! head of the table has a layout that never changes: the version, and a function that answers
//! the *stamp*, a number that the compiler derives from the compiler's own version and from how
//! this crate was compiled. Only when both agree is the rest read, whose layout is the compiler's.
//!
//! *Panics.* The library has its own copy of the standard library too, and a panic of one copy
//! aborts the process when the other catches it. So a replacement is wrapped: [`guard`] catches the
//! panic where it is at home and hands its payload to the program, which panics in its own way.

use super::error::LibraryError;
use crate::registry::SignatureId;
use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The name under which a table is exported, with the version of its layout. [`replace!`] writes it
/// out.
///
/// [`replace!`]: crate::replace
pub(crate) const NAME: &str = "__hot_replacements_v1";
/// The name without that version.
pub(crate) const NAME_STEM: &str = "__hot_replacements_v";
/// The beginning of the names under which the functions of a hot patch are exported, a table of one
/// each; the function's own name follows. The macro `patch_fn` writes it out.
pub(crate) const FUNCTION_PREFIX: &str = "__hot_patch_fn_v1_";

/// The replacements of a library.
#[repr(C)]
pub struct Table {
    // The head.
    version: *const u8,
    version_len: usize,
    stamp: extern "C" fn() -> u64,
    // The rest.
    connect: fn(Resume),
    replacements: &'static [Replacement],
}

// SAFETY: it is never written to, and what it points to is there for good.
unsafe impl Sync for Table {}

/// One function's new code.
pub struct Replacement {
    /// The name of the function that it replaces; of one that an operator assigns, its own.
    pub(crate) name: &'static str,
    pub(crate) identity: fn() -> SignatureId,
    pub(crate) code: *const (),
}

// SAFETY: it is never written to, and `code` is the address of code.
unsafe impl Sync for Replacement {}

/// Goes on with a panic in the program.
type Resume = fn(Box<dyn Any + Send>) -> !;

/// In a library: how to go on with a panic.
static RESUME: OnceLock<Resume> = OnceLock::new();

impl Replacement {
    /// One function's new code, as the macro makes it.
    ///
    /// # Safety
    /// `code` is a function of the type that `identity` returns.
    pub const unsafe fn new(
        name: &'static str,
        identity: fn() -> SignatureId,
        code: *const (),
    ) -> Self {
        Replacement { name, identity, code }
    }
}

impl Table {
    /// The table of this copy of the crate, as the macro makes it.
    pub const fn new(replacements: &'static [Replacement]) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Table {
            version: version.as_ptr(),
            version_len: version.len(),
            stamp,
            connect: set_resume,
            replacements,
        }
    }

    /// Returns the replacements, when the library was built as this program was.
    pub(crate) fn open(&self) -> Result<&'static [Replacement], LibraryError> {
        // SAFETY: a table is made by `new` alone, in any version, from a string.
        let version = unsafe { std::slice::from_raw_parts(self.version, self.version_len) };
        if version != env!("CARGO_PKG_VERSION").as_bytes() {
            return Err(LibraryError::Version {
                found: String::from_utf8_lossy(version).into_owned(),
            });
        }
        if (self.stamp)() != stamp() {
            return Err(LibraryError::Stamp);
        }
        static OPENED: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let address = std::ptr::from_ref(self).addr();
        if opened.contains(&address) {
            return Err(LibraryError::Stale);
        }
        opened.push(address);
        Ok(self.replacements)
    }
}

/// Returns the function that tells the common type of two functions: in an array, they become
/// pointers.
pub const fn common<F: Copy + 'static>(_: [F; 2]) -> fn() -> SignatureId {
    SignatureId::of::<F>
}

/// Gives the library the way to go on with a panic. The table has been opened.
pub(crate) fn connect(table: &Table) {
    (table.connect)(|payload| resume_unwind(payload));
}

fn set_resume(resume: Resume) {
    // A library is connected once; were it twice, both ways would lead to the same program.
    let _ = RESUME.set(resume);
}

/// Runs a replacement's code and hands a panic to the program.
#[inline]
pub fn guard<R>(code: impl FnOnce() -> R) -> R {
    // That something is left half changed is seen by whoever catches the panic in the program, as
    // it would be without this boundary.
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|payload| match RESUME.get() {
        Some(resume) => resume(payload),
        None => resume_unwind(payload),
    })
}

/// How this crate was compiled, as a number.
extern "C" fn stamp() -> u64 {
    /// The ID of a type of this crate distinguishes this crate from other builds of it.
    struct Stamp;

    /// FNV-1a, which the standard library's hashers do not promise to be from version to version.
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        fn finish(&self) -> u64 {
            self.0
        }
    }

    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    TypeId::of::<Stamp>().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_or_stamp_is_refused_and_a_table_opens_once() {
        let mut table = Table::new(&[]);
        extern "C" fn other() -> u64 {
            !stamp()
        }
        table.stamp = other;
        assert!(matches!(table.open(), Err(LibraryError::Stamp)));
        let version = "99.0.0";
        (table.version, table.version_len) = (version.as_ptr(), version.len());
        let refusal = table.open().err().unwrap().to_string();
        assert!(refusal.contains("built with hot 99.0.0, this program with hot"), "{refusal}");
        let table = Table::new(&[]);
        assert!(table.open().is_ok());
        assert!(matches!(table.open(), Err(LibraryError::Stale)));
    }

    #[test]
    fn the_stamp_is_a_constant() {
        assert_eq!(stamp(), stamp());
        assert_ne!(stamp(), 0xcbf2_9ce4_8422_2325);
    }
}
