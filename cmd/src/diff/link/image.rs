//! The bytes of a patch, its relocations, and what it refers to.

use super::addresses::Addresses;
use crate::diff::change::Analysis;
use crate::diff::live::{LiveSymbols, Location};
use crate::diff::object::AtomRef;
use hot_patch::patch::{
    Architecture, Base, Locals, Patch, PatchId, Place, Relocation, Symbol, Width,
};

/// A patch whose addresses are known and whose content is being written.
pub struct Image {
    /// The patch, but for what is called and swapped when it is loaded.
    pub patch: Patch,
    /// References that could not be expressed: the atom, and why.
    pub obstacles: Vec<(AtomRef, String)>,
    /// The addresses at which constants and statics begin.
    read_only_at: u64,
    data_at: u64,
}

impl Image {
    /// Returns an image without content, as large as the addresses say.
    pub fn new(id: PatchId, addresses: &Addresses, tls: Locals, analysis: &Analysis<'_>) -> Image {
        let size = |range: &std::ops::Range<u64>| (range.end - range.start) as usize;
        let patch = Patch {
            architecture: Architecture::X86_64,
            build_id: analysis.baseline.executable.build_id.clone(),
            id,
            requires: Vec::new(),
            symbols: Vec::new(),
            text: vec![0xcc; size(&addresses.text)],
            read_only: vec![0; size(&addresses.read_only)],
            data: vec![0; size(&addresses.data)],
            zeroed: size(&addresses.zeroed) as u64,
            locals: tls,
            relocations: Vec::new(),
            unwind: None,
            constructors: Vec::new(),
            entries: addresses.registry.clone(),
            swaps: Vec::new(),
            functions: Vec::new(),
            debug: None,
        };
        let (read_only_at, data_at) = (addresses.read_only.start, addresses.data.start);
        Image { patch, obstacles: Vec::new(), read_only_at, data_at }
    }

    /// Returns something in the process that is no thread-local, as the patch says it.
    pub fn place(&mut self, location: Location, live: &LiveSymbols) -> Place {
        let (base, offset) = match location {
            Location::Executable(address) => (Base::Host, address),
            Location::Patch(patch, offset) => {
                (Base::Patch(self.require(live.patch(patch))), offset)
            }
            Location::ExecutableTls(_) | Location::PatchTls(..) => {
                unreachable!("a thread-local has another place in each thread")
            }
        };
        Place { base, offset }
    }

    /// Returns the index of a patch among those that must be loaded before.
    pub fn require(&mut self, patch: PatchId) -> u32 {
        index_of(&mut self.patch.requires, patch)
    }

    /// Returns the index of a symbol among those that the dynamic loader is asked for.
    pub fn symbol(&mut self, name: &str) -> u32 {
        index_of(&mut self.patch.symbols, name.to_owned())
    }

    /// Adds a function to those that the program knows by name.
    pub fn name_function(&mut self, offset: u64, size: u64, name: String) {
        self.patch.functions.push(Symbol { offset, size, name });
    }

    /// Leaves a field to the loader.
    pub fn relocate(&mut self, at: u64, width: Width, base: Base, addend: i64) {
        self.patch.relocations.push(Relocation { at, width, base, addend });
    }

    /// Writes bytes at an address of the image.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        let (part, start) = if at >= self.data_at {
            (&mut self.patch.data, self.data_at)
        } else if at >= self.read_only_at {
            (&mut self.patch.read_only, self.read_only_at)
        } else {
            (&mut self.patch.text, 0)
        };
        let from = (at - start) as usize;
        part[from..from + bytes.len()].copy_from_slice(bytes);
    }
}

/// Returns the index of an element in a list of distinct ones; appends it when it is new.
fn index_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> u32 {
    let index = list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    });
    u32::try_from(index).expect("fewer than 2^32 of them")
}
