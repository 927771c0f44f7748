//! The image that is described, and what it carries of each object.

use std::ops::Range;

/// The part of one object that the patch carries.
pub struct Piece<'a> {
    /// The object file.
    pub object: &'a [u8],
    /// The functions and statics that it took.
    pub parts: Vec<Part>,
}

/// A function or a static.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its place in the object file, in bytes.
    pub file: Range<usize>,
    /// Its offset in the image.
    pub at: u64,
    /// Set if it is code.
    pub is_code: bool,
}

/// A name in the image.
pub struct Symbol<'a> {
    /// Mangled.
    pub name: &'a str,
    /// Offset in the image, in bytes.
    pub at: u64,
    /// Size in bytes.
    pub size: u64,
    /// Set if it is code.
    pub is_code: bool,
}

/// The image that is described.
pub struct Shape<'a> {
    /// Size of its text in bytes.
    pub text: u64,
    /// Its names.
    pub symbols: Vec<Symbol<'a>>,
    /// Its unwind table: offset in the image, and the bytes.
    pub frames: Option<(u64, &'a [u8])>,
}
