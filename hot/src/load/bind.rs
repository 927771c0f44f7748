//! From the bases that a patch names to addresses.

use super::os::{Host, Os, Platform};
use hot_patch::patch::{Base, Patch, Place};
use std::ops::Range;

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
    image: Range<u64>,
    host_bias: u64,
    host: Range<u64>,
    patches: Vec<Range<u64>>,
    symbols: Vec<u64>,
}

/// Resolves every base of the patch.
pub(super) fn bind(
    patch: &Patch,
    image: u64,
    host: &Host,
    required: Vec<Range<u64>>,
) -> Result<Bases, Unbound> {
    let symbols = patch
        .symbols
        .iter()
        .map(|name| Platform::symbol(name).ok_or_else(|| Unbound::Symbol(name.clone())))
        .collect::<Result<_, _>>()?;
    Ok(Bases {
        image: image..image + patch.image_size(),
        host_bias: host.bias,
        host: host.span.clone(),
        patches: required,
        symbols,
    })
}

impl Bases {
    /// The address of a base itself. The index has been checked when the patch was read.
    pub(super) fn address(&self, base: Base) -> u64 {
        match base {
            Base::Image => self.image.start,
            Base::Host => self.host_bias,
            Base::Patch(index) => self.patches[index as usize].start,
            Base::Symbol(index) => self.symbols[index as usize],
        }
    }

    /// The address of a place of which `size` bytes will be used.
    pub(super) fn place(&self, place: Place, size: u64) -> Result<u64, Unbound> {
        let (of, range) = match place.base {
            Base::Image => ("the patch", self.image.clone()),
            Base::Host => ("the executable", self.host.clone()),
            Base::Patch(index) => ("an earlier patch", self.patches[index as usize].clone()),
            Base::Symbol(_) => {
                return Err(Unbound::Outside { of: "a symbol", offset: place.offset });
            }
        };
        let address = self.address(place.base).wrapping_add(place.offset);
        let inside =
            address >= range.start && address.checked_add(size).is_some_and(|end| end <= range.end);
        if inside { Ok(address) } else { Err(Unbound::Outside { of, offset: place.offset }) }
    }
}
