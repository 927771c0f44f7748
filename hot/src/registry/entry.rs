//! The entry of a hot function: a static in a section of its own.
//!
//! The layout is an agreement with the tool, which reads entries from object files
//! ([`hot_patch::abi`]); the assertions below hold the two together.

use super::place::Place;
use super::sizes::Size;
use crate::slot::Slot;
use hot_patch::abi::{self, EntryText, Kind};
use std::any::TypeId;
use std::mem::{offset_of, size_of};

/// One hot function.
#[repr(C)]
pub struct Entry {
    abi: u16,
    kind: u16,
    line: u32,
    slot: &'static Slot,
    original: *const (),
    text: *const u8,
    text_len: usize,
    identity: Option<fn() -> SignatureId>,
    sizes: *const Size,
    sizes_len: usize,
    mocks: Mocks,
    place: Option<fn() -> &'static str>,
    crate_id: u64,
}

/// The part of an entry that mocks need, as the macro makes it (`crate::mock::dispatch::shim`).
#[repr(C)]
pub struct Mocks {
    /// The type of the function as an item.
    pub item: TypeId,
    /// The code in the slot while the function is mocked.
    pub shim: *const (),
}

impl Mocks {
    /// Of a function that is generic, or cannot be mocked by a closure.
    pub const fn none<F: 'static>(_: &F) -> Mocks {
        Mocks { item: TypeId::of::<F>(), shim: std::ptr::null() }
    }
}

const _: () = {
    assert!(offset_of!(Entry, abi) == 0);
    assert!(offset_of!(Entry, kind) == 2);
    assert!(offset_of!(Entry, line) == 4);
};

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(offset_of!(Entry, slot) == abi::ENTRY_SLOT);
    assert!(offset_of!(Entry, original) == abi::ENTRY_ORIGINAL);
    assert!(offset_of!(Entry, text) == abi::ENTRY_TEXT);
    assert!(offset_of!(Entry, text_len) == abi::ENTRY_TEXT_LEN);
    assert!(offset_of!(Entry, identity) == abi::ENTRY_IDENTITY);
    assert!(offset_of!(Entry, sizes) == abi::ENTRY_SIZES);
    assert!(offset_of!(Entry, sizes_len) == abi::ENTRY_SIZES_LEN);
    assert!(size_of::<Size>() == abi::SIZE_BYTES);
    assert!(offset_of!(Entry, mocks) == 64);
    assert!(offset_of!(Mocks, shim) == 16);
    assert!(offset_of!(Entry, place) == abi::ENTRY_PLACE);
    assert!(offset_of!(Entry, crate_id) == abi::ENTRY_CRATE);
    assert!(size_of::<Entry>() == abi::ENTRY_SIZE);
};

// SAFETY: nothing in an entry changes but what is behind `slot`, which is atomic; `original` and
// the shim are addresses of code, `text` of a string and `sizes` of numbers that are there for
// good.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

impl Entry {
    /// An entry, as the macro makes it.
    pub const fn new(
        kind: Kind,
        line: u32,
        slot: &'static Slot,
        original: *const (),
        text: &'static str,
        identity: Option<fn() -> SignatureId>,
    ) -> Self {
        Entry {
            abi: abi::ENTRY_ABI,
            kind: kind as u16,
            line,
            slot,
            original,
            text: text.as_ptr(),
            text_len: text.len(),
            identity,
            sizes: std::ptr::null(),
            sizes_len: 0,
            mocks: Mocks::none(&()),
            place: None,
            crate_id: 0,
        }
    }

    /// Returns the same with the crate in which it stands.
    pub const fn with_crate(mut self, id: u64) -> Self {
        self.crate_id = id;
        self
    }

    /// Returns the same with the name of a type that is defined inside the function.
    pub const fn with_place(mut self, place: fn() -> &'static str) -> Self {
        self.place = Some(place);
        self
    }

    /// Returns the same with what mocks need.
    pub const fn with_mocks(mut self, mocks: Mocks) -> Self {
        self.mocks = mocks;
        self
    }

    /// Returns the same with the sizes of arguments and result.
    pub const fn with_sizes(mut self, sizes: &'static [Size]) -> Self {
        self.sizes = sizes.as_ptr();
        self.sizes_len = sizes.len();
        self
    }

    /// Returns its kind; `None` for one that another version of this crate may have left.
    pub(crate) fn kind(&self) -> Option<Kind> {
        if self.abi == abi::ENTRY_ABI { Kind::from_u16(self.kind) } else { None }
    }

    /// Returns the line of the function's name.
    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// Returns the slot through which it is called.
    pub(crate) fn slot(&self) -> &'static Slot {
        self.slot
    }

    /// Returns the type that a replacement must have; `None` where the type has no name.
    pub(crate) fn identity(&self) -> Option<SignatureId> {
        self.identity.map(|identity| identity())
    }

    /// Returns the type of the function as an item; that of a generic one stands for nothing.
    pub(crate) fn item(&self) -> TypeId {
        self.mocks.item
    }

    /// Returns the code in its slot while it is mocked; null for a generic function and for one
    /// that cannot be mocked.
    pub(crate) fn shim(&self) -> *const () {
        self.mocks.shim
    }

    /// Returns the number of its crate.
    pub(crate) fn crate_id(&self) -> u64 {
        self.crate_id
    }

    /// Returns its path as the compiler prints it; `None` for a function that is found by its type
    /// alone.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(Place::of(self.place?(), self.text().item))
    }

    /// Returns its names, signature and file.
    pub(crate) fn text(&self) -> EntryText<'static> {
        // SAFETY: `new` took pointer and length from a string that is there for good.
        let text = unsafe {
            let bytes = std::slice::from_raw_parts(self.text, self.text_len);
            std::str::from_utf8_unchecked(bytes)
        };
        EntryText::parse(text).expect("the macro writes six fields")
    }
}

/// The type of a function as a pointer, general in all its lifetimes.
#[derive(Clone, Copy, Debug)]
pub struct SignatureId {
    /// Two functions with the same ID can stand for one another.
    pub id: TypeId,
    /// The type as the compiler prints it.
    pub name: &'static str,
    /// The function may be called in every case in which one of this type may. If not, it may still
    /// be replaced by one of this type, which asks for less.
    pub callable: bool,
}

impl SignatureId {
    /// Returns the ID of a type.
    pub fn of<F: 'static>() -> Self {
        SignatureId { id: TypeId::of::<F>(), name: std::any::type_name::<F>(), callable: true }
    }

    fn not_callable<F: 'static>() -> Self {
        SignatureId { callable: false, ..SignatureId::of::<F>() }
    }

    /// Returns the ID of a type that this function has.
    pub const fn of_code<F: Copy + 'static>(_: F) -> Option<fn() -> SignatureId> {
        Some(SignatureId::of::<F>)
    }

    /// Returns the ID of a type `F`, for an `async` function of which this one boxes the futures.
    pub const fn of_async<F: 'static, B: Copy + 'static>(_: B) -> Option<fn() -> SignatureId> {
        Some(SignatureId::of::<F>)
    }

    /// Returns the ID of the type of replacements, for a function that may be called in fewer
    /// cases.
    pub const fn of_replacement<F: 'static>() -> Option<fn() -> SignatureId> {
        Some(SignatureId::not_callable::<F>)
    }

    /// The ID of the common type of two functions: in an array, they become pointers.
    pub const fn of_both<F: Copy + 'static>(_: [F; 2]) -> Option<fn() -> SignatureId> {
        Some(SignatureId::of::<F>)
    }
}
