//! The last step: every slot that the patch swaps is checked first, then all are swapped.
//!
//! A slot is believed only if the registry knows it, or if it is the slot of an entry that comes
//! with the patch: a patch for this build names no others, so anything else is a mistake that must
//! not be written to.

use super::bind::{Bases, Unbound};
use super::place::{Pages, Sealed};
use crate::registry::{self, Entry};
use crate::slot::Slot;
use crate::slot::layers::{self, Change};
use hot_patch::abi;
use hot_patch::patch::{Base, Patch, Place};

/// A slot or an entry is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Rejected {
    #[error(transparent)]
    Unbound(#[from] Unbound),
    #[error("the patch would swap {name} at {address:#x}, where no hot function has its slot")]
    NotASlot { name: String, address: u64 },
    #[error("the patch brings a registry entry of another version of hot (offset {0:#x})")]
    Entry(u64),
    #[error("the patch brings a registry entry whose text is malformed (offset {0:#x})")]
    Text(u64),
    #[error("the patch treats {0} as generic and as not generic")]
    Kind(String),
    #[error("the patch swaps no slot: it would have no effect")]
    Empty,
}

/// The swaps that the commit will make.
#[derive(Debug)]
pub(super) struct Plan {
    swaps: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    slot: u64,
    instance: Option<u64>,
}

/// Checks entries and slots; changes nothing.
pub(super) fn check(patch: &Patch, bases: &Bases, pages: &Pages) -> Result<Plan, Rejected> {
    if patch.swaps.is_empty() {
        return Err(Rejected::Empty);
    }
    let image = |offset: u64| Place { base: Base::Image, offset };
    let mut brought = Vec::new();
    for &offset in &patch.entries {
        let version = u16::from_le_bytes(pages.read(offset));
        let kind = abi::Kind::from_u16(u16::from_le_bytes(pages.read(offset + 2)));
        let slot = u64::from_le_bytes(pages.read(offset + abi::ENTRY_SLOT as u64));
        let within = slot.wrapping_sub(pages.base());
        let is_here = within.is_multiple_of(8)
            && within >= patch.data_offset()
            && bases.place(image(within), 8).is_ok();
        match kind {
            Some(kind) if version == abi::ENTRY_ABI && kind != abi::Kind::Anchor && is_here => {
                if !has_text(pages, bases, offset) {
                    return Err(Rejected::Text(offset));
                }
                brought.push((slot, kind));
            }
            _ => return Err(Rejected::Entry(offset)),
        }
    }
    let mut swaps = Vec::with_capacity(patch.swaps.len());
    for swap in &patch.swaps {
        let slot = bases.place(swap.slot, 8)?;
        let known = registry::slot_is_registered(slot as usize).and_then(Entry::kind);
        let kind = known.or_else(|| brought.iter().find(|(at, _)| *at == slot).map(|(_, k)| *k));
        let Some(kind) = kind else {
            return Err(Rejected::NotASlot { name: swap.name.clone(), address: slot });
        };
        if kind.is_generic() != swap.instance.is_some() {
            return Err(Rejected::Kind(swap.name.clone()));
        }
        let instance = swap.instance.map(|place| bases.place(place, 1)).transpose()?;
        swaps.push(Planned { slot, instance });
    }
    Ok(Plan { swaps })
}

/// Reports whether the text of a new entry can be read. The registry reads it after the point of no
/// return.
fn has_text(pages: &Pages, bases: &Bases, entry: u64) -> bool {
    let number = |field: usize| u64::from_le_bytes(pages.read(entry + field as u64));
    let (text, length) = (number(abi::ENTRY_TEXT), number(abi::ENTRY_TEXT_LEN));
    let within = text.wrapping_sub(pages.base());
    // Else it is a text of the program's own.
    if bases.place(Place { base: Base::Image, offset: within }, 1).is_err() {
        return text != 0;
    }
    let end = within.checked_add(length);
    let fits = |end: &u64| bases.place(Place { base: Base::Image, offset: end - 1 }, 1).is_ok();
    let bytes: Option<Vec<u8>> = end
        .filter(|end| length > 0 && fits(end))
        .map(|end| (within..end).map(|at| u8::from_le_bytes(pages.read(at))).collect());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| abi::EntryText::parse(&text).is_some())
}

impl Plan {
    /// Registers the new entries, runs the constructors, swaps all slots; answers the functions'
    /// names, each once. `number` is the patch's in this process.
    ///
    /// # Safety
    /// The image must be the sealed one of this patch, which the caller trusts.
    pub(super) unsafe fn run(self, patch: &Patch, image: &Sealed, number: u32) -> Vec<String> {
        let entries: Vec<&'static Entry> = patch
            .entries
            .iter()
            // SAFETY: `check` has found an entry of this version there; the image stays for ever,
            // and what an entry points to lies in the same image or in the executable.
            .map(|&offset| unsafe { &*image.at(offset).cast::<Entry>() })
            .collect();
        registry::add(&entries);
        for &offset in &patch.constructors {
            // SAFETY: the offset lies in the image's text, where the tool has put a constructor
            // that has not run in this process.
            let constructor: extern "C" fn() = unsafe { std::mem::transmute(image.at(offset)) };
            constructor();
        }
        let changes: Vec<Change> = patch
            .swaps
            .iter()
            .zip(&self.swaps)
            .map(|(swap, planned)| Change {
                // SAFETY: `check` has found a registered slot at this address; slots are statics,
                // or lie in images that stay for ever.
                slot: unsafe { &*(planned.slot as *const Slot) },
                instance: planned.instance.map(|address| address as usize),
                target: image.at(swap.target).cast(),
                patch: number,
            })
            .collect();
        // SAFETY: the caller trusts the patch to hold, for each slot, code of the function's type.
        unsafe { layers::commit_live(&changes) };
        let mut names: Vec<String> = patch.swaps.iter().map(|swap| swap.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}
