//! Places in the process, and in a patch that is not loaded yet.

/// A place in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// In the executable, at this address of its file.
    Executable(u64),
    /// In a patch, at this offset of its image.
    Patch(PatchIndex, u64),
    /// In the executable's thread-local block, at this offset from the thread pointer.
    ExecutableTls(i64),
    /// Among the thread-locals of a patch.
    PatchTls(PatchIndex, TlsLocation),
}

/// A place in a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchLocation {
    /// At this offset of its image.
    Image(u64),
    /// Among its thread-locals.
    Tls(TlsLocation),
}

/// A loaded patch, by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatchIndex(pub u32);

/// A thread-local that a patch has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TlsLocation {
    /// Its offset among the patch's thread-locals, in bytes.
    pub offset: u64,
    /// How it begins; `None` for zeroes.
    pub initial: Option<TlsInit>,
}

/// The initial value of a thread-local that does not begin as zeroes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TlsInit {
    /// Offset of its flag among the patch's thread-locals.
    pub flag: u64,
    /// Its size in bytes.
    pub size: u32,
    /// Offset of its image in the patch's image.
    pub image: u64,
}
