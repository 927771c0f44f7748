//! The frames on the control socket.
//!
//! The program listens on the Unix socket named by `HOT_SOCKET`; the tool connects. A frame is
//! its length (`u32`, little-endian) and that many bytes: a tag and its fields. The program speaks
//! first, with [`Reply::Hello`]; then each [`Request`] is answered by exactly one [`Reply`], in
//! order.

use crate::codec::{DecodeError, Reader, Writer};
use crate::patch::PatchId;
use std::io::{self, Read, Write};

/// Version of this protocol. Both sides refuse any other.
pub const PROTOCOL: u32 = 2;
/// The largest frame that is accepted, in bytes.
pub const MAX_FRAME: usize = 64 << 20;

/// A request of the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Load this patch file (its bytes).
    Load(Vec<u8>),
    /// List the hot functions.
    List,
    /// Listen no more: another process than this one was meant.
    Leave,
}

/// A hot function as the process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// `shop/cart/*Cart.total`.
    pub name: String,
    /// Its signature as written.
    pub signature: String,
    /// Source file.
    pub file: String,
    /// Line in it.
    pub line: u32,
    /// `original`, `live`, `patch` or `mock`.
    pub layer: String,
    /// The patch that it runs; none for its original code, and for code from elsewhere.
    pub patch: Option<PatchInfo>,
}

/// A patch as the process sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchInfo {
    /// Which patch of the process, from 1.
    pub number: u32,
    /// Which patch of all.
    pub id: PatchId,
    /// Milliseconds since it was loaded.
    pub age: u64,
}

/// An answer of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The program's first words.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// Process ID.
        pid: u32,
        /// Build ID of its executable; empty when it has none.
        build_id: Vec<u8>,
        /// Number of registered hot functions.
        functions: u32,
        /// Patches that it has loaded already, oldest first.
        patches: Vec<PatchId>,
    },
    /// The patch is live.
    Loaded {
        /// Which one.
        id: PatchId,
        /// Which patch of the process, from 1.
        number: u32,
        /// The functions whose slots were swapped.
        functions: Vec<String>,
        /// Microseconds from the request's last byte to the commit.
        micros: u64,
    },
    /// The request failed; the program goes on as before.
    Failed {
        /// One sentence or more, for a person.
        message: String,
    },
    /// Answer to [`Request::List`].
    Functions(Vec<FunctionInfo>),
    /// Answer to [`Request::Leave`]: the socket is free in a moment.
    Left,
}

impl Request {
    /// Returns the request as a frame's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Request::Load(patch) => {
                w.u8(1);
                w.bytes(patch);
            }
            Request::List => w.u8(2),
            Request::Leave => w.u8(3),
        }
        w.into_bytes()
    }

    /// Reads a frame's content.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let request = match r.u8()? {
            1 => Request::Load(r.bytes()?.to_vec()),
            2 => Request::List,
            3 => Request::Leave,
            n => return Err(DecodeError::Invalid { what: "the request", value: n.into(), at: 0 }),
        };
        r.finish()?;
        Ok(request)
    }
}

impl Reply {
    /// Returns the reply as a frame's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Reply::Hello { protocol, pid, build_id, functions, patches } => {
                w.u8(1);
                w.u32(*protocol);
                w.u32(*pid);
                w.bytes(build_id);
                w.u32(*functions);
                w.list(patches, |w, id| w.u64(id.0));
            }
            Reply::Loaded { id, number, functions, micros } => {
                w.u8(2);
                w.u64(id.0);
                w.u32(*number);
                w.list(functions, |w, name| w.text(name));
                w.u64(*micros);
            }
            Reply::Failed { message } => {
                w.u8(3);
                w.text(message);
            }
            Reply::Functions(functions) => {
                w.u8(4);
                w.list(functions, |w, f| {
                    w.text(&f.name);
                    w.text(&f.signature);
                    w.text(&f.file);
                    w.u32(f.line);
                    w.text(&f.layer);
                    w.u8(f.patch.is_some().into());
                    if let Some(patch) = &f.patch {
                        w.u32(patch.number);
                        w.u64(patch.id.0);
                        w.u64(patch.age);
                    }
                });
            }
            Reply::Left => w.u8(5),
        }
        w.into_bytes()
    }

    /// Reads a frame's content.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let text = |r: &mut Reader<'_>, what| Ok::<_, DecodeError>(r.text(what)?.to_owned());
        let reply = match r.u8()? {
            1 => Reply::Hello {
                protocol: r.u32()?,
                pid: r.u32()?,
                build_id: r.bytes()?.to_vec(),
                functions: r.u32()?,
                patches: r.list(8, |r| Ok(PatchId(r.u64()?)))?,
            },
            2 => Reply::Loaded {
                id: PatchId(r.u64()?),
                number: r.u32()?,
                functions: r.list(4, |r| text(r, "a name"))?,
                micros: r.u64()?,
            },
            3 => Reply::Failed { message: text(&mut r, "the message")? },
            4 => Reply::Functions(r.list(21, |r| {
                Ok(FunctionInfo {
                    name: text(r, "a name")?,
                    signature: text(r, "a signature")?,
                    file: text(r, "a file")?,
                    line: r.u32()?,
                    layer: text(r, "a layer")?,
                    patch: match r.u8()? {
                        0 => None,
                        1 => Some(PatchInfo {
                            number: r.u32()?,
                            id: PatchId(r.u64()?),
                            age: r.u64()?,
                        }),
                        n => {
                            let (what, value) = ("whether there is a patch", n.into());
                            return Err(DecodeError::Invalid { what, value, at: 0 });
                        }
                    },
                })
            })?),
            5 => Reply::Left,
            n => return Err(DecodeError::Invalid { what: "the reply", value: n.into(), at: 0 }),
        };
        r.finish()?;
        Ok(reply)
    }
}

/// Writes one frame.
///
/// # Errors
/// Those of the writer, and `InvalidInput` for content over [`MAX_FRAME`].
pub fn write_frame(to: &mut impl Write, content: &[u8]) -> io::Result<()> {
    if content.len() > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, too_long(content.len())));
    }
    to.write_all(&(content.len() as u32).to_le_bytes())?;
    to.write_all(content)?;
    to.flush()
}

/// Reads one frame; `None` at a clean end of the stream.
///
/// # Errors
/// Those of the reader, `UnexpectedEof` inside a frame, `InvalidData` for a length over
/// [`MAX_FRAME`]. Memory grows with what really arrives, not with what the length claims.
pub fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let mut got = 0;
    while got < length.len() {
        match from.read(&mut length[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, too_long(length)));
    }
    let mut content = Vec::new();
    from.by_ref().take(length as u64).read_to_end(&mut content)?;
    if content.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(content))
}

fn too_long(length: usize) -> String {
    format!("a frame of {length} bytes is over the limit of {MAX_FRAME}")
}

#[cfg(test)]
mod tests;
