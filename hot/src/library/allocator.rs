//! One allocator on both sides of a library's border.
//!
//! A library links an allocator of its own, and what one side allocates the other frees: a `String`
//! that a patched function returns, the payload of a panic. So a patch crate says [`patch!`], which
//! makes [`HostAllocator`] its allocator: it hands every request to the program's.
//!
//! It must know the program's allocator before the first constructor of the library allocates, so
//! before any of its code runs. The loader therefore writes the address of the program's functions
//! into the *copy* of the library that it is about to map ([`HostPointer`], found by its symbol).
//! From then on it never changes. A library that was not loaded by hot, such as the test binary of
//! the patch crate, finds no address there and uses the system's allocator.
//!
//! [`patch!`]: crate::patch!

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The name under which [`HostPointer`] is exported, with the version of the layout of
/// [`HostFunctions`]. The macro `patch!` writes it out.
pub(crate) const NAME: &str = "__hot_host_v1";

/// Makes a crate one of a hot patch: it allocates as the program does that it is loaded into. Once
/// in the crate, which has no other `#[global_allocator]`; see the module
/// [`patch`](mod@crate::patch).
///
/// ```
/// hot::patch!();
/// # fn main() { assert_eq!(vec![1, 2].len(), 2); }
/// ```
#[cfg(all(feature = "patch", target_os = "linux"))]
#[macro_export]
macro_rules! patch {
    () => {
        #[doc(hidden)]
        #[allow(non_upper_case_globals)]
        #[unsafe(no_mangle)]
        pub static __hot_host_v1: $crate::__library::HostPointer =
            $crate::__library::HostPointer::new();
        #[global_allocator]
        static __HOT_ALLOCATOR: $crate::__library::HostAllocator =
            $crate::__library::HostAllocator::new(&__hot_host_v1);
    };
}

/// The program's allocator, as a library calls it: the layout never changes under one [`NAME`].
#[repr(C)]
pub struct HostFunctions {
    allocate: unsafe extern "C" fn(usize, usize) -> *mut u8,
    allocate_zeroed: unsafe extern "C" fn(usize, usize) -> *mut u8,
    deallocate: unsafe extern "C" fn(*mut u8, usize, usize),
    reallocate: unsafe extern "C" fn(*mut u8, usize, usize, usize) -> *mut u8,
}

/// The allocator of the program that this copy of the crate is linked into.
static HERE: HostFunctions = HostFunctions {
    allocate: {
        unsafe extern "C" fn allocate(size: usize, align: usize) -> *mut u8 {
            // SAFETY: the caller gives the parts of a layout, of a size that is not zero.
            unsafe { std::alloc::alloc(Layout::from_size_align_unchecked(size, align)) }
        }
        allocate
    },
    allocate_zeroed: {
        unsafe extern "C" fn allocate_zeroed(size: usize, align: usize) -> *mut u8 {
            // SAFETY: as above.
            unsafe { std::alloc::alloc_zeroed(Layout::from_size_align_unchecked(size, align)) }
        }
        allocate_zeroed
    },
    deallocate: {
        unsafe extern "C" fn deallocate(pointer: *mut u8, size: usize, align: usize) {
            // SAFETY: the caller gives what was allocated here, with the parts of its layout.
            unsafe { std::alloc::dealloc(pointer, Layout::from_size_align_unchecked(size, align)) }
        }
        deallocate
    },
    reallocate: {
        unsafe extern "C" fn reallocate(
            pointer: *mut u8,
            size: usize,
            align: usize,
            new: usize,
        ) -> *mut u8 {
            // SAFETY: as above; the new size is not zero.
            unsafe {
                let layout = Layout::from_size_align_unchecked(size, align);
                std::alloc::realloc(pointer, layout, new)
            }
        }
        reallocate
    },
};

/// Where a library looks for the program's allocator.
#[repr(C)]
pub struct HostPointer {
    /// Not zero, so that the static has bytes in the file.
    mark: [u8; MARK.len()],
    functions: AtomicPtr<HostFunctions>,
}

const MARK: [u8; 8] = *b"hot host";

impl HostPointer {
    /// A pointer that leads nowhere yet, as the macro makes it.
    #[expect(clippy::new_without_default, reason = "made in a static")]
    pub const fn new() -> Self {
        HostPointer { mark: MARK, functions: AtomicPtr::new(std::ptr::null_mut()) }
    }
}

/// A library's allocator: the program's.
pub struct HostAllocator(&'static HostPointer);

impl HostAllocator {
    /// An allocator that asks there, as the macro makes it.
    pub const fn new(host: &'static HostPointer) -> Self {
        HostAllocator(host)
    }

    /// The program's functions; `None` in a library that hot has not loaded.
    fn host(&self) -> Option<&'static HostFunctions> {
        // Relaxed: it was written before this code was mapped, and never changes.
        let functions = self.0.functions.load(Ordering::Relaxed);
        // SAFETY: null, or the address that `connect` wrote: a static of the program.
        unsafe { functions.as_ref() }
    }
}

// SAFETY: each request goes to one of two allocators that keep the contract, always to the same
// one, with the layout that it was made with.
unsafe impl GlobalAlloc for HostAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps what `GlobalAlloc` asks for.
        unsafe {
            match self.host() {
                Some(host) => (host.allocate)(layout.size(), layout.align()),
                None => System.alloc(layout),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match self.host() {
                Some(host) => (host.allocate_zeroed)(layout.size(), layout.align()),
                None => System.alloc_zeroed(layout),
            }
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe {
            match self.host() {
                Some(host) => (host.deallocate)(pointer, layout.size(), layout.align()),
                None => System.dealloc(pointer, layout),
            }
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match self.host() {
                Some(host) => (host.reallocate)(pointer, layout.size(), layout.align(), new),
                None => System.realloc(pointer, layout, new),
            }
        }
    }
}

/// Writes the address of this program's allocator into a library's file, where `place` is that of
/// its [`HostPointer`]. Returns whether one is there.
pub(super) fn connect(file: &mut [u8], place: Range<usize>) -> bool {
    let pointer = file.get_mut(place).filter(|pointer| pointer.len() == size_of::<HostPointer>());
    let parts = pointer.and_then(|pointer| pointer.split_at_mut_checked(MARK.len()));
    let Some((_, address)) = parts.filter(|(mark, _)| **mark == MARK) else { return false };
    let here = (&raw const HERE).expose_provenance();
    address.copy_from_slice(&here.to_ne_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_the_system_is_asked_and_with_one_the_program() {
        static NOWHERE: HostPointer = HostPointer::new();
        static HOST: HostPointer = HostPointer::new();
        let mut bytes = [0; 24];
        bytes[4..12].copy_from_slice(&MARK);
        assert!(!connect(&mut bytes, 0..16), "no mark there");
        assert!(!connect(&mut bytes, 4..12), "cut off");
        assert!(!connect(&mut bytes, 12..28), "beyond the end");
        assert!(connect(&mut bytes, 4..20));
        let address = usize::from_ne_bytes(bytes[12..20].try_into().unwrap());
        HOST.functions.store(std::ptr::with_exposed_provenance_mut(address), Ordering::Relaxed);
        assert!(std::ptr::eq(HostAllocator::new(&HOST).host().unwrap(), &HERE));
        for allocator in [HostAllocator::new(&NOWHERE), HostAllocator::new(&HOST)] {
            let layout = Layout::from_size_align(100, 64).unwrap();
            // SAFETY: each pointer goes back to its own allocator with its layout.
            unsafe {
                let one = allocator.alloc_zeroed(layout);
                assert_eq!((one.addr() % 64, *one.add(99)), (0, 0));
                one.add(99).write(7);
                let one = allocator.realloc(one, layout, 4000);
                assert_eq!((one.addr() % 64, *one.add(99)), (0, 7));
                let grown = Layout::from_size_align(4000, 64).unwrap();
                let other = allocator.alloc(layout);
                assert_ne!(one, other);
                allocator.dealloc(other, layout);
                allocator.dealloc(one, grown);
            }
        }
    }
}
