//! Adds the room for patches to the list of loaded objects.
//!
//! Whoever wants to know which objects are loaded calls `dl_iterate_phdr`. This file defines it
//! once more, in the program: the dynamic loader's own is asked first, then the announced objects
//! follow. Nothing else can reach std's backtraces, which take names and line numbers from files,
//! take the list of files from that function alone, and take it once.
//!
//! The definition is weak: where the program has another (a sanitizer's, another version of this
//! crate's), that one is used, and patches go without names in backtraces. The feature `backtraces`
//! leaves it out altogether.
//!
//! It may be called anywhere, also in a signal handler, in a panic, or by the unwinder: it takes no
//! lock and allocates nothing of its own (the dynamic loader's takes the loader's lock, as ever).
//! The list is made once and then only read. The announced objects have one segment each, no
//! content that could be read in advance, and no unwind table; unwinders find that of a patch
//! registered.

use super::super::system::Announced;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

core::arch::global_asm!(
    ".pushsection .text.dl_iterate_phdr,\"ax\",%progbits",
    ".weak dl_iterate_phdr",
    ".type dl_iterate_phdr,%function",
    "dl_iterate_phdr:",
    "jmp {iterate}",
    ".size dl_iterate_phdr, . - dl_iterate_phdr",
    ".popsection",
    iterate = sym iterate,
);

/// A slot as the dynamic loader would describe it.
struct Object {
    announced: Announced,
    segment: libc::Elf64_Phdr,
}

/// Written once; readers that come before see an empty list.
static OBJECTS: OnceLock<Vec<Object>> = OnceLock::new();

/// The callback of a caller of `dl_iterate_phdr`.
type Callback = unsafe extern "C-unwind" fn(*mut libc::dl_phdr_info, usize, *mut c_void) -> c_int;
type Iterate = unsafe extern "C-unwind" fn(Callback, *mut c_void) -> c_int;

/// See [`super::super::system::Os::announce`].
pub(super) fn announce(objects: Vec<Announced>) {
    let object = |announced: Announced| {
        let segment = libc::Elf64_Phdr {
            p_type: libc::PT_LOAD,
            p_flags: libc::PF_R | libc::PF_X,
            p_offset: 0,
            p_vaddr: announced.range.start.wrapping_sub(announced.bias),
            p_paddr: announced.range.start.wrapping_sub(announced.bias),
            p_filesz: 0,
            p_memsz: announced.range.end - announced.range.start,
            p_align: hot_patch::patch::PAGE,
        };
        Object { announced, segment }
    };
    let _ = OBJECTS.set(objects.into_iter().map(object).collect());
}

/// The caller's callback, and the counters of the dynamic loader.
struct Passing {
    callback: Callback,
    data: *mut c_void,
    adds: libc::c_ulonglong,
    subs: libc::c_ulonglong,
}

/// `dl_iterate_phdr`.
///
/// # Safety
/// As of the one in libc: `callback` takes what it is given, and `data`.
unsafe extern "C-unwind" fn iterate(callback: Callback, data: *mut c_void) -> c_int {
    // Asked for each time: it costs little beside the walk, and a static would have to be filled
    // beforehand. SAFETY: the name is a C string.
    let next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"dl_iterate_phdr".as_ptr()) };
    if next.is_null() {
        return 0;
    }
    // SAFETY: the dynamic loader's function of this name has this type.
    let next: Iterate = unsafe { std::mem::transmute(next) };
    let mut passing = Passing { callback, data, adds: 0, subs: 0 };
    // SAFETY: `pass` takes what it is given and a `Passing`, which outlives the call.
    let result = unsafe { next(pass, (&raw mut passing).cast()) };
    if result != 0 {
        return result;
    }
    for object in OBJECTS.get().into_iter().flatten() {
        // SAFETY: it is a struct of integers and pointers, for which zeros are valid.
        let mut info: libc::dl_phdr_info = unsafe { std::mem::zeroed() };
        info.dlpi_addr = object.announced.bias;
        info.dlpi_name = object.announced.file.as_ptr();
        info.dlpi_phdr = &raw const object.segment;
        info.dlpi_phnum = 1;
        info.dlpi_adds = passing.adds;
        info.dlpi_subs = passing.subs;
        // SAFETY: the caller's callback takes a description that is valid during the call, its
        // size and the caller's data.
        let result = unsafe { callback(&raw mut info, size_of_val(&info), data) };
        if result != 0 {
            return result;
        }
    }
    0
}

/// Hands one of the dynamic loader's objects on.
unsafe extern "C-unwind" fn pass(
    info: *mut libc::dl_phdr_info,
    size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `iterate` passes this, and nothing else uses it meanwhile.
    let passing = unsafe { &mut *data.cast::<Passing>() };
    if size >= size_of::<libc::dl_phdr_info>() {
        // SAFETY: the description is valid and, by its size, has these fields.
        unsafe { (passing.adds, passing.subs) = ((*info).dlpi_adds, (*info).dlpi_subs) };
    }
    // SAFETY: what the dynamic loader gives is passed on as it is.
    unsafe { (passing.callback)(info, size, passing.data) }
}
