//! Sections and layouts of the statics that `#[hot]` leaves in a program, as the tool finds them in
//! object files and executables.
//!
//! For each hot function the macro emits
//!
//! - a *body*: the function as written, renamed to [`BODY_PREFIX`] + its name (for an `async fn`,
//!   the function that boxes the body's future);
//! - a *slot*: one pointer-sized word in section [`SLOTS`], named [`SLOT_IDENT`]. It holds the
//!   body's address from the start; for a generic function it is zero until an instance is
//!   replaced;
//! - an *entry* in section [`ENTRIES`], named [`ENTRY_IDENT`], laid out as below;
//! - for each instance of a generic function, a pair (slot address, body address) in section
//!   [`INSTANCES`].
//!
//! Entry, little-endian, 64-bit pointers (`hot` asserts these offsets against its struct):
//!
//! | offset | field |
//! | --- | --- |
//! | 0 | `abi: u16`, [`ENTRY_ABI`] |
//! | 2 | `kind: u16`, see [`Kind`] |
//! | 4 | `line: u32`, of the function's name in its file |
//! | 8 | `slot: &Slot` |
//! | 16 | `original: *const ()`, null for a generic function |
//! | 24 | `text: *const u8`, UTF-8, six fields separated by NUL (see [`EntryText`]) |
//! | 32 | `text_len: usize` |
//! | 40 | `identity: Option<fn() -> SignatureId>` |
//! | 48 | `sizes: *const [u64; 2]`, size and alignment of each argument, then of the result (of an |
//! | | `async fn`, of what it gives in the end); null where there are none |
//! | 56 | `sizes_len: usize`, how many |
//! | 64 | `item: TypeId`, of the function as an item; without meaning when `shim` is null |
//! | 80 | `shim: *const ()`, what lies in the slot while it is mocked; null for a generic function and |
//! | | for one that cannot be mocked |
//! | 88 | `place: Option<fn() -> &'static str>`, the path of the item as the compiler prints it; for |
//! | | generic functions and methods of trait impls |
//! | 96 | `crate_id: u64`, equal for all functions of one crate, different in crates of one name |
//!
//! The sizes are for programs that are compiled without debug information: there is nothing else
//! then by which the tool could see that an argument has become another. A generic function has
//! none, since they differ from instance to instance; nor has one with more than 12 arguments, or
//! of another ABI than Rust's and C's.

/// Section of the slots.
pub const SLOTS: &str = "hot_slots";
/// Section of the registry entries.
pub const ENTRIES: &str = "hot_entries";
/// Section of the (slot, body) pairs of generic instances, 16 bytes each.
pub const INSTANCES: &str = "hot_instances";

/// Prefix of the identifier under which the macro keeps a hot function's own code.
pub const BODY_PREFIX: &str = "__hot_";
/// Prefixes of the other functions that the macro makes of one: boxes the future of an `async` one,
/// dispatches to an instance whose types have no names, returns which that is, is declared by a
/// trait alone. No body is called so, whatever the function's name.
pub const OTHER_PREFIXES: [&str; 4] = ["__hotbox_", "__hotvia_", "__hotitem_", "__hottwin_"];
/// Identifier of the slot's static.
pub const SLOT_IDENT: &str = "__HOT_SLOT";
/// Identifier of the entry's static.
pub const ENTRY_IDENT: &str = "__HOT_ENTRY";

/// Version of the entry's layout, in its first two bytes.
pub const ENTRY_ABI: u16 = 4;
/// Size of an entry in bytes.
pub const ENTRY_SIZE: usize = 104;
/// Offset of the slot pointer.
pub const ENTRY_SLOT: usize = 8;
/// Offset of the pointer to the original code.
pub const ENTRY_ORIGINAL: usize = 16;
/// Offset of the pointer to the text.
pub const ENTRY_TEXT: usize = 24;
/// Offset of the text's length.
pub const ENTRY_TEXT_LEN: usize = 32;
/// Offset of an entry's identity.
pub const ENTRY_IDENTITY: usize = 40;
/// Offset of the pointer to the sizes.
pub const ENTRY_SIZES: usize = 48;
/// Offset of the number of the sizes.
pub const ENTRY_SIZES_LEN: usize = 56;
/// Offset of the function that returns the item's path.
pub const ENTRY_PLACE: usize = 88;
/// Offset of the number of its crate.
pub const ENTRY_CRATE: usize = 96;
/// Bytes of one pair of size and alignment.
pub const SIZE_BYTES: usize = 16;

/// The kind of a hot function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// An ordinary function: the slot holds its address.
    Function = 0,
    /// An `async fn`: the slot holds the function that boxes its future.
    Async = 1,
    /// A generic function: the slot is zero or leads to a table of instances.
    Generic = 2,
    /// A generic `async fn`.
    GenericAsync = 3,
    /// Not a function: marks the section so that it exists in every program. Skipped by readers.
    Anchor = 0xffff,
}

impl Kind {
    /// Returns the kind with this number, if there is one.
    pub fn from_u16(n: u16) -> Option<Kind> {
        Some(match n {
            0 => Kind::Function,
            1 => Kind::Async,
            2 => Kind::Generic,
            3 => Kind::GenericAsync,
            0xffff => Kind::Anchor,
            _ => return None,
        })
    }

    /// Reports whether instances of the function have bodies of their own.
    pub fn is_generic(self) -> bool {
        matches!(self, Kind::Generic | Kind::GenericAsync)
    }
}

/// The text of an entry, split into its fields.
///
/// ```
/// let text = hot_patch::abi::EntryText::parse("shop::cart\0\0*Cart.total\0fn(&Cart) -> u64\0src/cart.rs\0pub").unwrap();
/// assert_eq!(text.name(), "shop/cart/*Cart.total");
/// let text = hot_patch::abi::EntryText::parse("app\0app\0banner\0fn()\0src/main.rs\0").unwrap();
/// assert_eq!(text.name(), "main/banner");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryText<'a> {
    /// `module_path!()` where the function stands.
    pub module: &'a str,
    /// Name of the binary when the crate is one (`CARGO_BIN_NAME`), else empty.
    pub binary: &'a str,
    /// `total`, `*Cart.total`, `Cart.From<Order>.from`.
    pub item: &'a str,
    /// The signature as a function pointer type, as written.
    pub signature: &'a str,
    /// `file!()`.
    pub file: &'a str,
    /// The visibility as written: empty, `pub`, `pub(crate)`, `pub(in crate::cart)`. For a method
    /// of a trait impl, which has none, `impl` or `unsafe impl`.
    pub visibility: &'a str,
}

impl<'a> EntryText<'a> {
    /// Splits the text; `None` when it does not have six fields.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.split('\0');
        let parsed = EntryText {
            module: fields.next()?,
            binary: fields.next()?,
            item: fields.next()?,
            signature: fields.next()?,
            file: fields.next()?,
            visibility: fields.next()?,
        };
        fields.next().is_none().then_some(parsed)
    }

    /// Returns the function's name in the registry.
    pub fn name(&self) -> String {
        crate::name::compose(self.module, !self.binary.is_empty(), self.item)
    }
}
