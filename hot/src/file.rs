//! A file that shall be loaded, read whole.

use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::Path;

/// Returns the bytes of a regular file. Others are refused before a byte is read: a pipe would
/// block, a device might never end.
///
/// The file is opened once, without waiting for a writer, and what was opened is what is looked at
/// and read, whatever the path leads to meanwhile.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let mut file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a device, pipe or socket" };
        return Err(Error::other(format!("it is {what}, not a file")));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::read;
    use std::path::Path;

    #[test]
    fn what_is_not_a_file_is_refused_unread() {
        let refusal = |path: &Path| read(path).unwrap_err().to_string();
        assert!(refusal(Path::new("/")).contains("it is a folder"));
        assert!(refusal(Path::new("/dev/zero")).contains("a device"));
        let pipe = std::env::temp_dir().join(format!("hot-pipe-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Nobody writes to it.
        let refused = refusal(&pipe);
        std::fs::remove_file(&pipe).unwrap();
        assert!(refused.contains("pipe"), "{refused}");
    }
}
