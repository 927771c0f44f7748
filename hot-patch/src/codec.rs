//! A bounded little-endian reader and writer for patches and messages.
//!
//! Integers are fixed-width; a byte string is its length (`u32`) and its bytes; a list is its
//! length (`u32`) and its elements. The reader checks every length against what is left *before*
//! it allocates, so that a hostile length costs an error and no memory.

use thiserror::Error;

/// Why bytes could not be decoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes ended inside a value.
    #[error("it ends at byte {at} where {needed} more bytes are needed")]
    Truncated {
        /// Where reading stopped.
        at: usize,
        /// How many bytes the value still needed.
        needed: usize,
    },
    /// A value outside its range.
    #[error("{what} has the value {value} at byte {at}, which means nothing")]
    Invalid {
        /// The field.
        what: &'static str,
        /// The value found.
        value: u64,
        /// Where it stands.
        at: usize,
    },
    /// Text that is not UTF-8.
    #[error("{what} at byte {at} is not UTF-8")]
    NotText {
        /// The field.
        what: &'static str,
        /// Where it stands.
        at: usize,
    },
    /// Bytes left over after the last value.
    #[error("{count} bytes are left over after its end")]
    Trailing {
        /// How many.
        count: usize,
    },
}

/// Appends values to a buffer.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }
    /// Returns the bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }
    /// Writes a 32-bit integer.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
    /// Writes a 64-bit integer.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
    /// Writes a signed 64-bit integer.
    pub fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
    /// Writes a length.
    ///
    /// # Panics
    /// When it does not fit 32 bits; nothing that is written here is that long.
    pub fn len(&mut self, len: usize) {
        self.u32(u32::try_from(len).expect("lengths fit 32 bits"));
    }
    /// Writes a byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.len(value.len());
        self.bytes.extend_from_slice(value);
    }
    /// Writes text.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
    /// Writes a list, each element with `write`.
    pub fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.len(values.len());
        for value in values {
            write(self, value);
        }
    }
}

/// Takes values off a byte slice.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }
    /// Returns the position in the bytes.
    pub fn at(&self) -> usize {
        self.at
    }
    /// Checks that nothing is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let left = self.bytes.len() - self.at;
        if count > left {
            return Err(DecodeError::Truncated { at: self.at, needed: count - left });
        }
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
    /// Reads one byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }
    /// Reads a 32-bit integer.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }
    /// Reads a 64-bit integer.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }
    /// Reads a signed 64-bit integer.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }
    /// Reads a byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u32()? as usize;
        self.take(len)
    }
    /// Reads text.
    pub fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let at = self.at;
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::NotText { what, at })
    }
    /// Reads a list whose elements take at least `least` bytes each, each with `read`.
    pub fn list<T>(
        &mut self,
        least: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let len = self.u32()? as usize;
        let left = self.bytes.len() - self.at;
        let needed = len.saturating_mul(least.max(1));
        if needed > left {
            return Err(DecodeError::Truncated { at: self.at, needed: needed - left });
        }
        // No more is reserved than the bytes that are there could fill.
        let mut values = Vec::with_capacity(len);
        for _ in 0..len {
            values.push(read(self)?);
        }
        Ok(values)
    }
}
