//! From the bases that a patch names to addresses.

use super::arch::{Arch, Processor};
use super::loaded_patches::LoadedPatch;
use super::os::{Host, Os, Platform};
use hot_patch::patch::{Base, PAGE, Patch, Place, Width};
use std::ops::{Range, RangeInclusive};

/// A window with nothing in it.
#[expect(clippy::reversed_empty_ranges, reason = "that is what it is for")]
const EMPTY: RangeInclusive<u64> = 1..=0;

/// Something that the patch refers to is not here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unbound {
    #[error(
        "the patch needs the symbol {0}, which neither the program nor a library that it has \
         loaded defines"
    )]
    Symbol(String),
    #[error("the patch refers to offset {offset:#x} of {of}, which lies outside of it")]
    Outside { of: &'static str, offset: u64 },
}

/// The addresses behind the bases, and how far each may be trusted to extend.
#[derive(Debug)]
pub(super) struct Bases {
    /// From 0 until the patch is placed.
    image: Range<u64>,
    host_bias: u64,
    host: Range<u64>,
    locals: Range<i64>,
    patches: Vec<LoadedPatch>,
    symbols: Vec<u64>,
}

/// Resolves every base of the patch but its own image, and checks that what it uses of the
/// thread-locals of a patch lies inside of them.
pub(super) fn bind(
    patch: &Patch,
    locals: Range<i64>,
    host: &Host,
    required: Vec<LoadedPatch>,
) -> Result<Bases, Unbound> {
    let symbols = patch
        .symbols
        .iter()
        .map(|name| Platform::symbol(name).ok_or_else(|| Unbound::Symbol(name.clone())))
        .collect::<Result<_, _>>()?;
    let bases = Bases {
        image: 0..patch.image_size(),
        host_bias: host.bias,
        host: host.span.clone(),
        locals,
        patches: required,
        symbols,
    };
    let used = patch.relocations.iter().filter_map(|r| Some((bases.locals(r.base)?, r.addend)));
    for (locals, addend) in used {
        // One past the last byte is an end that code may compute.
        if !(0..=locals.end - locals.start).contains(&addend) {
            return Err(Unbound::Outside {
                of: "the thread-locals of a patch",
                offset: addend as u64,
            });
        }
    }
    Ok(bases)
}

impl Bases {
    /// Where the image may begin, so that each of its relative fields can hold its distance. Empty
    /// where what they refer to lies too far apart, or is no part of what they name.
    pub(super) fn window(&self, patch: &Patch) -> RangeInclusive<u64> {
        let mut window = 0..=u64::MAX;
        for r in patch.relocations.iter().filter(|r| r.width == Width::Relative32) {
            let value = self.address(r.base).wrapping_add_signed(r.addend);
            let of = match r.base {
                // The distance is the same wherever the image is.
                Base::Image => continue,
                Base::Host => self.host.clone(),
                Base::Patch(index) => self.patches[index as usize].range(),
                Base::Symbol(index) => self.symbols[index as usize]..u64::MAX,
                Base::Locals | Base::LocalsOf(_) => 0..0,
            };
            // Code counts from behind the field, so that it may name what is a little before.
            if !(of.start.saturating_sub(PAGE)..=of.end).contains(&value) {
                return EMPTY;
            }
            let lowest = value.saturating_sub(Processor::REACH).saturating_sub(r.at);
            let highest = value.saturating_add(Processor::REACH).saturating_sub(r.at);
            window = lowest.max(*window.start())..=highest.min(*window.end());
        }
        window
    }

    /// Says where the image lies.
    pub(super) fn place_image(&mut self, base: u64) {
        self.image = base..base + (self.image.end - self.image.start);
    }

    /// Returns the address of a base itself; of thread-locals their offset from the thread pointer.
    /// The index has been checked when the patch was read.
    pub(super) fn address(&self, base: Base) -> u64 {
        match base {
            Base::Image => self.image.start,
            Base::Host => self.host_bias,
            Base::Patch(index) => self.patches[index as usize].base,
            Base::Symbol(index) => self.symbols[index as usize],
            Base::Locals => self.locals.start as u64,
            Base::LocalsOf(index) => self.patches[index as usize].locals.start as u64,
        }
    }

    /// Returns the thread-locals that a base stands for.
    fn locals(&self, base: Base) -> Option<&Range<i64>> {
        match base {
            Base::Locals => Some(&self.locals),
            Base::LocalsOf(index) => Some(&self.patches[index as usize].locals),
            Base::Image | Base::Host | Base::Patch(_) | Base::Symbol(_) => None,
        }
    }

    /// Returns the address of a place of which `size` bytes will be used.
    pub(super) fn place(&self, place: Place, size: u64) -> Result<u64, Unbound> {
        let (of, range) = match place.base {
            Base::Image => ("the patch", self.image.clone()),
            Base::Host => ("the executable", self.host.clone()),
            Base::Patch(index) => ("an earlier patch", self.patches[index as usize].range()),
            Base::Symbol(_) => {
                return Err(Unbound::Outside { of: "a symbol", offset: place.offset });
            }
            Base::Locals | Base::LocalsOf(_) => {
                return Err(Unbound::Outside { of: "all memory", offset: place.offset });
            }
        };
        let address = self.address(place.base).wrapping_add(place.offset);
        let inside =
            address >= range.start && address.checked_add(size).is_some_and(|end| end <= range.end);
        if inside { Ok(address) } else { Err(Unbound::Outside { of, offset: place.offset }) }
    }
}
