//! A place never used before from which the dynamic linker takes a library.
//!
//! The copy is a file in memory that has no name in any folder: nothing is left behind when the
//! process dies, and no folder is needed that others cannot write to and that programs may be
//! mapped from. It is sealed, so that what was checked is what is mapped. The dynamic linker opens
//! it by its descriptor, `/proc/1234/fd/5`; so do backtraces, which read the debug information
//! when they are first printed, and debuggers, which is why the path names the process and not
//! `self`. The descriptor stays open for good: were its number used again, the path would name two
//! libraries, and the dynamic linker would answer with the first.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::path::{Path, PathBuf};

/// Copies the library and answers the path of the copy, which stays for the life of the process.
pub(super) fn keep(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut file = memory_file(path)?;
    file.write_all(bytes)?;
    let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: the descriptor is open, and the command takes an integer.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // The process ID as this /proc has it; in a container it may be another than the process's
    // own.
    let process = std::fs::read_link("/proc/self")?;
    let descriptor = file.into_raw_fd();
    Ok(Path::new("/proc").join(process).join("fd").join(descriptor.to_string()))
}

/// Returns an empty file in memory. Its name is the library's, for those who read
/// `/proc/1234/maps`.
fn memory_file(path: &Path) -> io::Result<File> {
    let stem = path.file_name().unwrap_or_default().as_encoded_bytes();
    let name: Vec<u8> = stem.iter().copied().filter(|&byte| byte != 0).take(200).collect();
    let name = CString::new(name).expect("no byte of it is zero");
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // Since Linux 6.3 a program should say whether it will map code from the file; older ones do
    // not know the word.
    for flags in [flags | libc::MFD_EXEC, flags] {
        // SAFETY: the name ends in a zero byte and outlives the call.
        let descriptor = unsafe { libc::memfd_create(name.as_ptr(), flags) };
        if descriptor >= 0 {
            // SAFETY: the descriptor was just made and nothing else owns it.
            return Ok(unsafe { File::from_raw_fd(descriptor) });
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
    }
    Err(io::Error::from_raw_os_error(libc::EINVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_copy_has_its_own_path_and_cannot_be_written() {
        let one = keep(Path::new("/somewhere/lib.so"), b"first").unwrap();
        let two = keep(Path::new("/somewhere/lib.so"), b"second").unwrap();
        assert_ne!(one, two);
        assert_eq!(std::fs::read(&one).unwrap(), b"first");
        assert_eq!(std::fs::read(&two).unwrap(), b"second");
        let mut file = std::fs::OpenOptions::new().write(true).open(&one).unwrap();
        assert_eq!(file.write(b"other").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(file.set_len(0).is_err());
    }
}
