//! Linux with glibc: program headers from the dynamic loader, pages from `mmap`, frames to libgcc.

use super::system::{Access, Announced, Host, Os};
#[cfg(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64"))]
mod announce;
#[cfg(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64"))]
mod gdb;

use once_cell::sync::OnceCell;
use std::ffi::{c_int, c_void};
use std::ops::Range;

/// See [`Os`].
pub(crate) struct Linux;

unsafe extern "C" {
    /// libgcc (linked by std): registers a zero-terminated `.eh_frame`.
    fn __register_frame(begin: *const u8);
}

impl Os for Linux {
    fn host() -> &'static Host {
        static HOST: OnceCell<Host> = OnceCell::new();
        HOST.get_or_init(|| {
            let mut host = Host { bias: 0, span: 0..0, build_id: Vec::new() };
            // SAFETY: the callback has the required type and only uses `data` as the `Host` that
            // is passed here, which outlives the call.
            unsafe { libc::dl_iterate_phdr(Some(first_object), (&raw mut host).cast()) };
            host
        })
    }

    fn thread_block() -> Option<Range<u64>> {
        let mut block: Option<Range<u64>> = None;
        // SAFETY: the callback has the required type and only uses `data` as the option that is
        // passed here, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(first_block), (&raw mut block).cast()) };
        block
    }

    fn mappings() -> Result<Vec<Range<u64>>, String> {
        let text = std::fs::read_to_string("/proc/self/maps")
            .map_err(|e| format!("failed to read /proc/self/maps: {e}"))?;
        Ok(text.lines().filter_map(parse_mapping).collect())
    }

    fn reserve(range: Range<u64>) -> Result<(), String> {
        let size = (range.end - range.start) as usize;
        // SAFETY: an anonymous mapping at an address of our choice; MAP_FIXED_NOREPLACE makes the
        // call fail rather than replace a mapping that is already there.
        let got = unsafe {
            libc::mmap(
                range.start as *mut c_void,
                size,
                libc::PROT_NONE,
                libc::MAP_PRIVATE
                    | libc::MAP_ANONYMOUS
                    | libc::MAP_NORESERVE
                    | libc::MAP_FIXED_NOREPLACE,
                -1,
                0,
            )
        };
        if got == libc::MAP_FAILED {
            return Err(format!("mmap failed: {}", std::io::Error::last_os_error()));
        }
        if got as u64 != range.start {
            // Kernels before 4.17 take the flag for a hint and answer with another address.
            // SAFETY: it is the mapping that the call above has just made.
            unsafe { libc::munmap(got, size) };
            return Err("mmap gave another address than the one asked for".into());
        }
        Ok(())
    }

    unsafe fn protect(range: Range<u64>, access: Access) -> Result<(), String> {
        if range.is_empty() {
            return Ok(());
        }
        let protection = match access {
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Access::Read => libc::PROT_READ,
            Access::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        };
        // SAFETY: the caller owns the pages and vouches for what refers to them.
        let failed = unsafe {
            libc::mprotect(
                range.start as *mut c_void,
                (range.end - range.start) as usize,
                protection,
            )
        } != 0;
        if failed {
            return Err(format!(
                "mprotect({access:?}) failed: {}",
                std::io::Error::last_os_error()
            ));
        }
        Ok(())
    }

    unsafe fn release(range: Range<u64>) -> Result<(), String> {
        let (start, size) = (range.start as *mut c_void, (range.end - range.start) as usize);
        // SAFETY: the caller vouches that nothing refers to the pages. Mapping fresh inaccessible
        // pages over them drops their content and keeps the reservation.
        let got = unsafe {
            libc::mmap(
                start,
                size,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        if got == libc::MAP_FAILED {
            Err(format!("mmap failed: {}", std::io::Error::last_os_error()))
        } else {
            Ok(())
        }
    }

    unsafe fn register_frames(table: *const u8) {
        // SAFETY: passed on to the caller.
        unsafe { __register_frame(table) }
    }

    fn symbol(name: &str) -> Option<u64> {
        let this = libloading::os::unix::Library::this();
        // SAFETY: the symbol is only turned into a number here; a wrong type cannot be used.
        let symbol = unsafe { this.get::<*const ()>(name.as_bytes()) }.ok()?;
        Some(symbol.into_raw() as u64)
    }

    const ANNOUNCES: bool =
        cfg!(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64"));

    #[cfg(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64"))]
    fn announce(objects: Vec<Announced>) {
        announce::announce(objects);
    }
    #[cfg(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64"))]
    fn register_with_debugger(elf: &'static [u8]) {
        gdb::register(elf);
    }
    #[cfg(not(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64")))]
    fn announce(_: Vec<Announced>) {}
    #[cfg(not(all(feature = "backtraces", feature = "enabled", target_arch = "x86_64")))]
    fn register_with_debugger(_: &'static [u8]) {}

    fn at_exit(run: extern "C" fn()) {
        // SAFETY: the function takes nothing and never unwinds. Without room for it the list of
        // libc is full, and it is not called.
        unsafe { libc::atexit(run) };
    }
}

/// Takes the first object that the dynamic loader names, which is the executable, and stops.
unsafe extern "C" fn first_object(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `dl_iterate_phdr` passes a valid description, and `data` as `host` gave it.
    let (info, host) = unsafe { (&*info, &mut *data.cast::<Host>()) };
    // SAFETY: the description's header table is that of a loaded object.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) };
    host.bias = info.dlpi_addr;
    let loads = headers.iter().filter(|h| h.p_type == libc::PT_LOAD);
    let address = |h: &libc::Elf64_Phdr| info.dlpi_addr + h.p_vaddr;
    host.span = loads.clone().map(address).min().unwrap_or(0)
        ..loads.map(|h| address(h) + h.p_memsz).max().unwrap_or(0);
    for note in headers.iter().filter(|h| h.p_type == libc::PT_NOTE) {
        // SAFETY: the segment is mapped readable for the life of the process.
        let bytes = unsafe {
            std::slice::from_raw_parts(address(note) as *const u8, note.p_memsz as usize)
        };
        if let Some(id) = build_id(bytes, note.p_align) {
            host.build_id = id.to_vec();
        }
    }
    1
}

/// Takes the calling thread's block of the first object, which is the executable, and stops. The
/// executable's block is always in the part that lies at a fixed distance from the thread pointer
/// ("ELF Handling For Thread-Local Storage", §3: its code may use the distance as a constant).
unsafe extern "C" fn first_block(
    info: *mut libc::dl_phdr_info,
    size: usize,
    data: *mut c_void,
) -> c_int {
    // Older C libraries leave the last fields out.
    if size < size_of::<libc::dl_phdr_info>() {
        return 1;
    }
    // SAFETY: `dl_iterate_phdr` passes a valid and, as was just checked, complete description, and
    // `data` as `thread_block` gave it.
    let (info, block) = unsafe { (&*info, &mut *data.cast::<Option<Range<u64>>>()) };
    // SAFETY: the description's header table is that of a loaded object.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) };
    let start = info.dlpi_tls_data as u64;
    let header = headers.iter().find(|h| h.p_type == libc::PT_TLS);
    *block = header.filter(|_| start != 0).map(|h| start..start + h.p_memsz);
    1
}

/// Finds the note `GNU` of type 3 (build ID) in a note segment: name size, description size, type,
/// then the name and the description, each padded to the segment's alignment of 4 or 8 bytes.
fn build_id(mut notes: &[u8], align: u64) -> Option<&[u8]> {
    let pad = |n: usize| if align == 8 { n.next_multiple_of(8) } else { n.next_multiple_of(4) };
    loop {
        let word = |at: usize| {
            notes.get(at..at + 4).map(|b| u32::from_le_bytes(b.try_into().expect("four bytes")))
        };
        let (name_size, size, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let start = pad(12usize.checked_add(name_size)?);
        let end = start.checked_add(size)?;
        if kind == 3 && notes.get(12..12 + name_size)? == b"GNU\0" {
            return notes.get(start..end);
        }
        notes = notes.get(pad(end)..)?;
    }
}

/// Returns `55d0c0a00000-55d0c0a01000 r--p …`
fn parse_mapping(line: &str) -> Option<Range<u64>> {
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_this_executable() {
        let host = Linux::host();
        let here = the_host_is_this_executable as *const () as u64;
        assert!(host.span.contains(&here), "{host:x?} does not hold {here:x}");
        assert_eq!(host.build_id.len(), 20, "{host:x?}");
    }

    #[test]
    fn every_thread_has_the_executables_block_at_one_distance() {
        thread_local! { static OWN: std::cell::Cell<u32> = const { std::cell::Cell::new(3) }; }
        let seen = || {
            let block = Linux::thread_block().expect("it has one");
            let own = OWN.with(std::cell::Cell::as_ptr) as u64;
            assert!(block.contains(&own), "{block:x?} does not hold {own:x}");
            own - block.start
        };
        let other = std::thread::spawn(move || (Linux::thread_block(), seen()));
        let (block, offset) = other.join().expect("it does not panic");
        assert_eq!(offset, seen());
        assert_ne!(block, Linux::thread_block());
    }

    #[test]
    fn notes_are_found_among_others_and_never_read_past_their_end() {
        let mut notes = Vec::new();
        for (kind, text) in [(1u32, b"0123"), (3, b"abcd")] {
            notes.extend_from_slice(&4u32.to_le_bytes());
            notes.extend_from_slice(&4u32.to_le_bytes());
            notes.extend_from_slice(&kind.to_le_bytes());
            notes.extend_from_slice(b"GNU\0");
            notes.extend_from_slice(text);
        }
        assert_eq!(build_id(&notes, 4), Some(&b"abcd"[..]));
        for cut in 0..notes.len() {
            assert_eq!(build_id(&notes[..cut], 4), None);
        }
    }

    #[test]
    fn symbols_are_found_by_name() {
        assert!(Linux::symbol("memcpy").is_some());
        assert_eq!(Linux::symbol("no_such_symbol_anywhere"), None);
    }
}
