//! Registers code that no file on disk holds with debuggers: GDB's interface for just-in-time
//! compilers.
//!
//! A debugger finds two symbols by name: a descriptor, from which hangs a list of ELF files in
//! memory, and an empty function, on which it sets a breakpoint. The list is changed, the
//! descriptor says what was changed, and the function is called. A debugger that attaches later
//! walks the list.
//!
//! Both symbols are weak, since any just-in-time compiler in the program defines them as well, and
//! one list must serve all.

use std::ptr;
use std::sync::Mutex;

core::arch::global_asm!(
    ".pushsection .text.__jit_debug_register_code,\"ax\",%progbits",
    ".weak __jit_debug_register_code",
    ".type __jit_debug_register_code,%function",
    "__jit_debug_register_code:",
    "ret",
    ".size __jit_debug_register_code, . - __jit_debug_register_code",
    ".popsection",
    ".pushsection .data.__jit_debug_descriptor,\"aw\",%progbits",
    ".balign 8",
    ".weak __jit_debug_descriptor",
    ".type __jit_debug_descriptor,%object",
    "__jit_debug_descriptor:",
    ".long 1, 0",
    ".quad 0, 0",
    ".size __jit_debug_descriptor, . - __jit_debug_descriptor",
    ".popsection",
);

/// The descriptor's flag for a file that was added.
const ADDED: u32 = 1;

#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    file: *const u8,
    size: u64,
}

#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

unsafe extern "C" {
    #[link_name = "__jit_debug_descriptor"]
    static mut DESCRIPTOR: Descriptor;
    fn __jit_debug_register_code();
}

/// One at a time changes the list.
static CHANGING: Mutex<()> = Mutex::new(());

/// See [`super::super::Os::register_with_debugger`].
pub(super) fn register(elf: &'static [u8]) {
    let _one = CHANGING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let entry = Box::leak(Box::new(Entry {
        next: ptr::null_mut(),
        previous: ptr::null_mut(),
        file: elf.as_ptr(),
        size: elf.len() as u64,
    }));
    // SAFETY: the descriptor has this layout, in whichever of its definitions. In this crate it is
    // used here alone, under the lock; the interface has no lock that other compilers in the
    // program would share, so they are expected, as by one another, not to add code at the same
    // moment. Entries are never freed.
    unsafe {
        let descriptor = &raw mut DESCRIPTOR;
        let first = (&raw mut (*descriptor).first).read_volatile();
        entry.next = first;
        if !first.is_null() {
            (*first).previous = entry;
        }
        (&raw mut (*descriptor).first).write_volatile(entry);
        (&raw mut (*descriptor).relevant).write_volatile(entry);
        (&raw mut (*descriptor).action).write_volatile(ADDED);
        __jit_debug_register_code();
    }
}
