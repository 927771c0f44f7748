//! The room for patches that is announced to backtraces in advance.
//!
//! std asks for the list of loaded objects at the first backtrace and keeps it; of each object it
//! keeps the segments, the load bias and the name of its file, which it opens when needed and as
//! often as that fails. So [`SLOTS`] objects are announced, each a slot of [`SLOT`] bytes in a room
//! that is reserved near the executable. A patch begins at a slot and takes as many as it needs;
//! its debug information is then written under the names of all of them.
//!
//! All slots have one bias, so that one file serves all slots of a patch: its addresses are those
//! in memory less the bias. The first slot is at [`LINKED`] then, not at 0, where debug information
//! has what is not there.
//!
//! The room is announced before `main`, when a socket or a folder for patches is named in the
//! environment, and otherwise when the reloader starts: a backtrace that is made before that cannot
//! know of patches. In a room that is full, patches are placed elsewhere, without names. The asm
//! that puts [`at_start`] among what runs before `main` stands beside [`announce`], so that the
//! linker takes both or neither.
//!
//! The files are in a folder of the program's own: beside the control socket, where `hot run`
//! removes it with the socket, or else among the temporary files. The program removes it when it
//! exits.

use super::super::os::{Announced, Os, Platform};
use super::super::place;
use hot_patch::patch::Debug;
use once_cell::sync::OnceCell;
use std::ffi::CString;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Size of a slot in bytes: more than an ordinary patch.
pub(in crate::load) const SLOT: u64 = 64 << 10;
/// Number of slots. Each costs a little at the first backtrace.
pub(in crate::load) const SLOTS: u64 = 256;
/// The address of the room in the files.
const LINKED: u64 = 0x1000_0000;

struct Room {
    range: Range<u64>,
    folder: PathBuf,
    /// The process that has made the folder, which then removes it.
    made: OnceCell<u32>,
}

/// None when there was no place for it, or no such lists are read on this system.
static ROOM: OnceCell<Option<Room>> = OnceCell::new();

#[cfg(all(
    feature = "backtraces",
    feature = "enabled",
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64"
))]
core::arch::global_asm!(
    ".pushsection .init_array,\"aw\",%init_array",
    ".balign 8",
    ".quad {at_start}",
    ".popsection",
    at_start = sym at_start,
);

/// Announces the room before `main`, and so before the first backtrace, if patches are going to
/// come.
#[cfg(all(
    feature = "backtraces",
    feature = "enabled",
    target_os = "linux",
    target_env = "gnu",
    target_arch = "x86_64"
))]
extern "C" fn at_start() {
    let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if named("HOT_SOCKET") || named("HOT_WATCH") {
        announce();
    }
}

/// Reserves and announces the room, once.
pub(in crate::load) fn announce() {
    ROOM.get_or_init(|| {
        if !Platform::ANNOUNCES {
            return None;
        }
        let range = place::room(Platform::host(), SLOT, SLOTS)?;
        let room = Room { range, folder: folder(), made: OnceCell::new() };
        let slot = |index: u64| {
            let start = room.range.start + index * SLOT;
            let file = CString::new(room.file(index).into_os_string().into_encoded_bytes()).ok()?;
            Some(Announced { file, bias: room.bias(), range: start..start + SLOT })
        };
        // Without the names patches are placed there all the same.
        Platform::announce((0..SLOTS).map(slot).collect::<Option<_>>()?);
        Some(room)
    });
}

/// Writes the file of an image, if it lies in the room.
pub(super) fn write(debug: &Debug, image: Range<u64>) {
    let room = ROOM.get().and_then(Option::as_ref);
    let Some(room) =
        room.filter(|room| room.range.start <= image.start && image.end <= room.range.end)
    else {
        return;
    };
    // A file that cannot be written is a backtrace without names.
    let _ = room.write(debug, image);
}

impl Room {
    fn bias(&self) -> u64 {
        self.range.start.wrapping_sub(LINKED)
    }

    fn file(&self, slot: u64) -> PathBuf {
        self.folder.join(format!("{slot:03}"))
    }

    fn write(&self, debug: &Debug, image: Range<u64>) -> io::Result<()> {
        self.made.get_or_try_init(|| {
            private_folder(&self.folder)?;
            Platform::at_exit(remove);
            Ok::<_, io::Error>(std::process::id())
        })?;
        let slot = |address: u64| (address - self.range.start) / SLOT;
        let first = self.file(slot(image.start));
        std::fs::write(&first, debug.at(image.start.wrapping_sub(self.bias())))?;
        for other in slot(image.start) + 1..=slot(image.end - 1) {
            std::fs::hard_link(&first, self.file(other))?;
        }
        Ok(())
    }
}

/// Removes the folder when the process that made it exits, and not when a fork of it does.
extern "C" fn remove() {
    let room = ROOM.get().and_then(Option::as_ref);
    if let Some(room) = room.filter(|room| room.made.get() == Some(&std::process::id())) {
        // A rest is small, and `hot run` removes it.
        let _ = std::fs::remove_dir_all(&room.folder);
    }
}

/// Returns the path of a folder of this process's own:
/// `<socket without .sock>.debug-<pid>-<random>`, or `hot-debug-…` among the temporary files.
fn folder() -> PathBuf {
    let own = format!("debug-{}-{:x}", std::process::id(), RandomState::new().hash_one(()));
    match std::env::var_os("HOT_SOCKET").map(PathBuf::from) {
        Some(socket) if socket.is_absolute() => socket.with_extension(own),
        _ => std::env::temp_dir().join(format!("hot-{own}")),
    }
}

/// Makes a folder that only its owner may enter; it must not exist.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
