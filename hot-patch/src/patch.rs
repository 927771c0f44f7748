//! The patch file: a small relocatable image, bound to one build of one program.
//!
//! ```text
//! magic "hotpatch"  format u32  architecture u32  checksum u32  body length u64   28 bytes
//! body, see Patch::write_body                                                      checksum = CRC-32 of the body
//! ```
//!
//! The image is laid out by the tool: text, then read-only data (sealed after relocation), then
//! writable data, then zeroed data, each part beginning on a page of [`PAGE`] bytes. References
//! inside the image that are relative are resolved already; what is left for the loader are the
//! [`Relocation`]s: a base that only the process knows, plus a constant. The tool has turned every
//! relocation type of the object files into one of the few kinds here, so the loader knows nothing
//! of rustc's output.
//!
//! New thread-locals are no part of the image. The program keeps a pool of [`LOCALS`] zeroed bytes
//! in the thread-local block of its executable, which every thread has; a patch says how many of
//! them it needs ([`Locals`]), and the loader gives it a range that no other patch has or will
//! have. Where a thread-local does not begin as zeroes, the patch's code sees to that by itself.

use crate::codec::{DecodeError, Reader, Writer};
use thiserror::Error;

/// First bytes of a patch file.
pub const MAGIC: [u8; 8] = *b"hotpatch";
/// Version of the format. A loader refuses any other.
pub const FORMAT: u32 = 2;
/// Size of the header in bytes.
pub const HEADER: usize = 28;
/// Alignment of the parts of an image, in bytes.
pub const PAGE: u64 = 4096;
/// The largest image that is accepted, in bytes: more than any real edit, less than harm.
pub const MAX_IMAGE: u64 = 256 << 20;
/// Size of the pool of thread-locals that a program keeps for all its patches, in bytes. Each of
/// its threads has one, so it is not large.
pub const LOCALS: u64 = 4096;
/// Alignment of that pool in bytes.
pub const LOCALS_ALIGN: u64 = 128;

/// The processor that an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Architecture {
    /// x86-64 (System V).
    X86_64 = 62,
    /// AArch64.
    Aarch64 = 183,
}

/// Names a patch within the life of one process. The tool draws it at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatchId(pub u64);

impl std::fmt::Display for PatchId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The origin of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Base {
    /// The image of this patch.
    Image,
    /// The executable, at its load bias.
    Host,
    /// The image of an earlier patch: index into [`Patch::requires`].
    Patch(u32),
    /// A dynamic symbol of the process: index into [`Patch::symbols`].
    Symbol(u32),
    /// The thread-locals of this patch: their offset from the thread pointer, which is the same on
    /// every thread.
    Locals,
    /// Those of an earlier patch: index into [`Patch::requires`].
    LocalsOf(u32),
}

impl Base {
    /// Reports whether it is an offset from the thread pointer rather than an address.
    pub fn is_thread_local(self) -> bool {
        matches!(self, Base::Locals | Base::LocalsOf(_))
    }
}

/// The thread-locals that a patch brings: room in the program's pool, zeroed on every thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locals {
    /// Size in bytes; 0 when it brings none.
    pub size: u64,
    /// Alignment in bytes, a power of two up to [`LOCALS_ALIGN`]; 0 when it brings none.
    pub align: u64,
}

/// An address as base and offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The origin of the offset.
    pub base: Base,
    /// Offset in bytes.
    pub offset: u64,
}

/// How a relocated value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Width {
    /// Eight bytes: base + addend.
    Absolute64 = 1,
    /// Four bytes, signed: base + addend − the address of the field. Out of range is a refusal.
    Relative32 = 2,
    /// Four bytes, signed: base + addend, an offset from the thread pointer.
    Thread32 = 3,
}

/// A value that only the process can fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Offset of the field in the image, in bytes.
    pub at: u64,
    /// How it is written.
    pub width: Width,
    /// Its origin.
    pub base: Base,
    /// Constant added to the base.
    pub addend: i64,
}

/// One slot to be swapped when the patch commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The function's name in the registry.
    pub name: String,
    /// Its slot.
    pub slot: Place,
    /// For an instance of a generic function: the body under which the trampoline asks (the
    /// first version that was loaded). `None` for an ordinary function.
    pub instance: Option<Place>,
    /// The new code: offset in the image's text.
    pub target: u64,
}

/// Name of a function in the image, for reports and profilers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Offset in the image, in bytes.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Its path, as a person writes it.
    pub name: String,
}

/// The description of the image for debuggers and backtraces: an ELF file that describes it and
/// holds none of it.
///
/// Addresses in the file are offsets in the image. To be read, it needs the image's address added
/// to each of them: the true address for a debugger that reads it in memory, another one for
/// a reader that takes a load bias off the addresses that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debug {
    /// The file.
    pub elf: Vec<u8>,
    /// Where 64-bit addresses stand in it, ascending.
    pub addresses: Vec<u32>,
}

impl Debug {
    /// Returns the file for an image at this address.
    pub fn at(&self, address: u64) -> Vec<u8> {
        let mut elf = self.elf.clone();
        for &at in &self.addresses {
            if let Some(field) = elf.get_mut(at as usize..).and_then(|f| f.first_chunk_mut()) {
                *field = u64::from_le_bytes(*field).wrapping_add(address).to_le_bytes();
            }
        }
        elf
    }
}

/// A patch in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The processor.
    pub architecture: Architecture,
    /// Build ID of the executable that the patch is for.
    pub build_id: Vec<u8>,
    /// Its own name.
    pub id: PatchId,
    /// Earlier patches that this one refers to.
    pub requires: Vec<PatchId>,
    /// Dynamic symbols that it refers to.
    pub symbols: Vec<String>,
    /// Machine code.
    pub text: Vec<u8>,
    /// Read-only data: constants, vtables, unwind tables, the global offset table.
    pub read_only: Vec<u8>,
    /// Initialised writable data: new statics.
    pub data: Vec<u8>,
    /// Bytes of zeroed writable data behind `data`.
    pub zeroed: u64,
    /// New thread-locals.
    pub locals: Locals,
    /// The fields that the loader fills in.
    pub relocations: Vec<Relocation>,
    /// Offset in the image of a zero-terminated `.eh_frame`, if there is code that can unwind.
    pub unwind: Option<u64>,
    /// Functions `extern "C" fn()` to be called once, in order: offsets in the image.
    pub constructors: Vec<u64>,
    /// New registry entries: offsets in the image.
    pub entries: Vec<u64>,
    /// Slots to swap, all or none.
    pub swaps: Vec<Swap>,
    /// Names of the functions in the image.
    pub functions: Vec<Symbol>,
    /// The description for debuggers, if it came along. Nothing that the patch does depends on it.
    pub debug: Option<Debug>,
}

/// Why a file is not a patch that can be used here.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PatchError {
    /// The first bytes are not those of a patch.
    #[error("this is not a hot patch (its first bytes are not \"hotpatch\")")]
    NotAPatch,
    /// Another version of the format.
    #[error(
        "the patch has format {found}, this program reads format {FORMAT}; use the hot tool \
         of the version that the program was built with"
    )]
    Format {
        /// The version found.
        found: u32,
    },
    /// Another processor.
    #[error("the patch is for another processor (ELF machine {found})")]
    Architecture {
        /// The ELF machine number found.
        found: u32,
    },
    /// Fewer or more bytes than the header says.
    #[error(
        "the patch is {found} bytes long, its header says {expected}; it was cut or added \
         to; make or copy it anew"
    )]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
    },
    /// The body is damaged.
    #[error(
        "the patch is damaged: its checksum is {found:08x}, its header says {expected:08x}; \
         make or copy it anew"
    )]
    Checksum {
        /// Checksum of the body.
        found: u32,
        /// Checksum in the header.
        expected: u32,
    },
    /// The checksum holds but the body makes no sense.
    #[error("the patch is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// An offset outside the image, or an image that is too large.
    #[error("the patch is malformed: {0}")]
    Inconsistent(&'static str),
}

fn page_up(n: u64) -> u64 {
    n.saturating_add(PAGE - 1) & !(PAGE - 1)
}

impl Patch {
    /// Offset of the read-only part in the image, in bytes.
    pub fn read_only_offset(&self) -> u64 {
        page_up(self.text.len() as u64)
    }
    /// Offset of the writable part in the image, in bytes.
    pub fn data_offset(&self) -> u64 {
        self.read_only_offset() + page_up(self.read_only.len() as u64)
    }
    /// Size of the image in bytes, a multiple of [`PAGE`].
    pub fn image_size(&self) -> u64 {
        self.data_offset()
            .saturating_add(page_up((self.data.len() as u64).saturating_add(self.zeroed)))
    }

    /// Returns the patch as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = self.write_body();
        let mut file = Vec::with_capacity(HEADER + body.len());
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&FORMAT.to_le_bytes());
        file.extend_from_slice(&(self.architecture as u32).to_le_bytes());
        file.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        file.extend_from_slice(&(body.len() as u64).to_le_bytes());
        file.extend_from_slice(&body);
        file
    }

    /// Reads a file: header, checksum, body, and that every offset lies inside the image.
    ///
    /// # Errors
    /// One [`PatchError`] for the first thing that is wrong. Nothing is allocated beyond a small
    /// multiple of the file's size.
    pub fn from_bytes(file: &[u8]) -> Result<Patch, PatchError> {
        if file.len() < MAGIC.len() || file[..MAGIC.len()] != MAGIC {
            return Err(PatchError::NotAPatch);
        }
        if file.len() < HEADER {
            return Err(PatchError::Length { found: file.len() as u64, expected: HEADER as u64 });
        }
        let mut header = Reader::new(&file[MAGIC.len()..HEADER]);
        let format = header.u32()?;
        if format != FORMAT {
            return Err(PatchError::Format { found: format });
        }
        let architecture = match header.u32()? {
            62 => Architecture::X86_64,
            183 => Architecture::Aarch64,
            found => return Err(PatchError::Architecture { found }),
        };
        let expected = header.u32()?;
        let length = header.u64()?;
        let body = &file[HEADER..];
        if body.len() as u64 != length {
            return Err(PatchError::Length {
                found: file.len() as u64,
                expected: length.saturating_add(HEADER as u64),
            });
        }
        let found = crc32fast::hash(body);
        if found != expected {
            return Err(PatchError::Checksum { found, expected });
        }
        let patch = Self::read_body(architecture, body)?;
        patch.check()?;
        Ok(patch)
    }

    fn write_body(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.bytes(&self.build_id);
        w.u64(self.id.0);
        w.list(&self.requires, |w, id| w.u64(id.0));
        w.list(&self.symbols, |w, name| w.text(name));
        w.bytes(&self.text);
        w.bytes(&self.read_only);
        w.bytes(&self.data);
        w.u64(self.zeroed);
        w.u64(self.locals.size);
        w.u64(self.locals.align);
        w.list(&self.relocations, |w, r| {
            w.u64(r.at);
            w.u8(r.width as u8);
            write_base(w, r.base);
            w.i64(r.addend);
        });
        w.list(self.unwind.as_slice(), |w, at| w.u64(*at));
        w.list(&self.constructors, |w, at| w.u64(*at));
        w.list(&self.entries, |w, at| w.u64(*at));
        w.list(&self.swaps, |w, swap| {
            w.text(&swap.name);
            write_place(w, swap.slot);
            w.list(swap.instance.as_slice(), |w, place| write_place(w, *place));
            w.u64(swap.target);
        });
        w.list(&self.functions, |w, symbol| {
            w.u64(symbol.offset);
            w.u64(symbol.size);
            w.text(&symbol.name);
        });
        w.list(self.debug.as_slice(), |w, debug| {
            w.bytes(&debug.elf);
            w.list(&debug.addresses, |w, at| w.u32(*at));
        });
        w.into_bytes()
    }

    fn read_body(architecture: Architecture, body: &[u8]) -> Result<Patch, DecodeError> {
        let mut r = Reader::new(body);
        let patch = Patch {
            architecture,
            build_id: r.bytes()?.to_vec(),
            id: PatchId(r.u64()?),
            requires: r.list(8, |r| Ok(PatchId(r.u64()?)))?,
            symbols: r.list(4, |r| Ok(r.text("a dynamic symbol")?.to_owned()))?,
            text: r.bytes()?.to_vec(),
            read_only: r.bytes()?.to_vec(),
            data: r.bytes()?.to_vec(),
            zeroed: r.u64()?,
            locals: Locals { size: r.u64()?, align: r.u64()? },
            relocations: r.list(22, |r| {
                let at = r.u64()?;
                let position = r.at();
                let width = match r.u8()? {
                    1 => Width::Absolute64,
                    2 => Width::Relative32,
                    3 => Width::Thread32,
                    n => return Err(invalid("a relocation's width", n.into(), position)),
                };
                Ok(Relocation { at, width, base: read_base(r)?, addend: r.i64()? })
            })?,
            unwind: read_option(&mut r, "the unwind table", Reader::u64)?,
            constructors: r.list(8, Reader::u64)?,
            entries: r.list(8, Reader::u64)?,
            swaps: r.list(29, |r| {
                Ok(Swap {
                    name: r.text("a function's name")?.to_owned(),
                    slot: read_place(r)?,
                    instance: read_option(r, "an instance", read_place)?,
                    target: r.u64()?,
                })
            })?,
            functions: r.list(20, |r| {
                Ok(Symbol {
                    offset: r.u64()?,
                    size: r.u64()?,
                    name: r.text("a symbol")?.to_owned(),
                })
            })?,
            debug: read_option(&mut r, "the debug information", |r| {
                Ok(Debug { elf: r.bytes()?.to_vec(), addresses: r.list(4, Reader::u32)? })
            })?,
        };
        r.finish()?;
        Ok(patch)
    }

    /// Checks what the checksum cannot: that every offset lies inside its part.
    fn check(&self) -> Result<(), PatchError> {
        let wrong = |what| Err(PatchError::Inconsistent(what));
        let size = self.image_size();
        if self.zeroed > MAX_IMAGE || size > MAX_IMAGE {
            return wrong("its image is larger than 256 MiB");
        }
        let Locals { size: locals, align } = self.locals;
        let none = locals == 0 && align == 0;
        let fit =
            (1..=LOCALS).contains(&locals) && align.is_power_of_two() && align <= LOCALS_ALIGN;
        if !(none || fit) {
            return wrong("its thread-locals do not fit the program's pool");
        }
        let text = self.text.len() as u64;
        let initialised = |at: u64, len: u64| {
            let within = |start: u64, part: u64| {
                at >= start && at.checked_add(len).is_some_and(|end| end <= start + part)
            };
            within(0, text)
                || within(self.read_only_offset(), self.read_only.len() as u64)
                || within(self.data_offset(), self.data.len() as u64)
        };
        let base_known = |base: Base| match base {
            Base::Image | Base::Host => true,
            Base::Locals => !none,
            Base::Patch(index) | Base::LocalsOf(index) => (index as usize) < self.requires.len(),
            Base::Symbol(index) => (index as usize) < self.symbols.len(),
        };
        for r in &self.relocations {
            let len = match r.width {
                Width::Absolute64 => 8,
                Width::Relative32 | Width::Thread32 => 4,
            };
            if !initialised(r.at, len) {
                return wrong("a relocation lies outside the image");
            }
            if !base_known(r.base) {
                return wrong("a relocation refers to a base that is not listed");
            }
            // An address is no offset from the thread pointer; only a word may hold either.
            let fits = match r.width {
                Width::Absolute64 => true,
                Width::Relative32 => !r.base.is_thread_local(),
                Width::Thread32 => r.base.is_thread_local(),
            };
            if !fits {
                return wrong("a relocation takes a thread-local for an address, or the reverse");
            }
        }
        let read_only = self.read_only_offset()..self.data_offset();
        if self.unwind.is_some_and(|at| !read_only.contains(&at) || !initialised(at, 4)) {
            return wrong("the unwind table lies outside the read-only part");
        }
        if self.constructors.iter().any(|&at| at >= text) {
            return wrong("a constructor lies outside the text");
        }
        let entry = crate::abi::ENTRY_SIZE as u64;
        if self.entries.iter().any(|&at| !initialised(at, entry) || at % 8 != 0) {
            return wrong("a registry entry lies outside the image");
        }
        if let Some(debug) = &self.debug
            && debug.addresses.iter().any(|&at| at as usize + 8 > debug.elf.len())
        {
            return wrong("its debug information is cut short");
        }
        for swap in &self.swaps {
            if swap.target >= text {
                return wrong("a function's new code lies outside the text");
            }
            let place_known = |p: Place| base_known(p.base) && !p.base.is_thread_local();
            if !place_known(swap.slot) || swap.instance.is_some_and(|p| !place_known(p)) {
                return wrong("a slot refers to a base that is not listed");
            }
        }
        Ok(())
    }
}

fn invalid(what: &'static str, value: u64, at: usize) -> DecodeError {
    DecodeError::Invalid { what, value, at }
}

/// An option is a list of none or one.
fn read_option<'a, T>(
    r: &mut Reader<'a>,
    what: &'static str,
    read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    let at = r.at();
    let mut list = r.list(1, read)?;
    match list.len() {
        0 | 1 => Ok(list.pop()),
        n => Err(invalid(what, n as u64, at)),
    }
}

fn write_base(w: &mut Writer, base: Base) {
    let (tag, index) = match base {
        Base::Image => (0, 0),
        Base::Host => (1, 0),
        Base::Patch(index) => (2, index),
        Base::Symbol(index) => (3, index),
        Base::Locals => (4, 0),
        Base::LocalsOf(index) => (5, index),
    };
    w.u8(tag);
    w.u32(index);
}

fn read_base(r: &mut Reader<'_>) -> Result<Base, DecodeError> {
    let at = r.at();
    let (tag, index) = (r.u8()?, r.u32()?);
    Ok(match (tag, index) {
        (0, 0) => Base::Image,
        (1, 0) => Base::Host,
        (4, 0) => Base::Locals,
        // An index that means nothing: there is one way to write a patch.
        (0 | 1 | 4, n) => return Err(invalid("the index of a base", n.into(), at)),
        (2, index) => Base::Patch(index),
        (3, index) => Base::Symbol(index),
        (5, index) => Base::LocalsOf(index),
        (n, _) => return Err(invalid("a base", n.into(), at)),
    })
}

fn write_place(w: &mut Writer, place: Place) {
    write_base(w, place.base);
    w.u64(place.offset);
}

fn read_place(r: &mut Reader<'_>) -> Result<Place, DecodeError> {
    Ok(Place { base: read_base(r)?, offset: r.u64()? })
}

#[cfg(test)]
mod tests;
