//! The hot functions, as `#[hot]` has left them in the objects.

use super::atom::AtomKind;
use super::file::{AtomRef, RelocTarget};
use super::program::Program;
use super::symbol_table::SymbolId;
use hot_patch::abi::{self, EntryText};
use std::collections::{HashMap, HashSet};

/// Size and alignment of a type, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeAlign {
    /// The size.
    pub size: u64,
    /// The alignment.
    pub align: u64,
}

/// One hot function.
#[derive(Clone, Debug)]
pub struct HotFunction {
    /// Its name in the registry.
    pub name: String,
    /// Its signature as written.
    pub signature: String,
    /// The code that the slot holds at first: the body, or a function that boxes its future; none
    /// for a generic function, whose instances stand apart.
    pub body: Option<SymbolId>,
    /// The instance for its type as a pointer, if it has one: its symbol identifies the type.
    pub identity: Option<SymbolId>,
    /// The sizes of its arguments, then that of its result, if its entry has them.
    pub sizes: Option<Vec<SizeAlign>>,
    /// Its registry entry.
    pub entry: AtomRef,
}

/// All hot functions of a program.
#[derive(Clone, Default)]
pub struct HotRegistry {
    /// By slot.
    pub functions: HashMap<SymbolId, HotFunction>,
    /// Slot and body of each instance of a generic function.
    pub instances: Vec<(SymbolId, SymbolId)>,
    /// The bodies, which are called through slots only. A change of one does not spread to those
    /// who call it.
    pub bodies: HashSet<SymbolId>,
}

impl HotRegistry {
    /// Reads entries and instances. What does not parse is left out: code that was compiled
    /// against another version of `hot` is not hot for this tool.
    pub fn read(program: &Program) -> HotRegistry {
        let mut hot = HotRegistry::default();
        for entry in program.atoms(AtomKind::Entry) {
            let Some((slot, function)) = read_entry(&entry) else { continue };
            hot.bodies.extend(function.body);
            hot.functions.insert(slot, function);
        }
        for pairs in program.atoms(AtomKind::Instances) {
            for pair in pairs.atom().relocs.chunks(2) {
                let [slot, body] = pair else { continue };
                if let (RelocTarget::Named(slot, 0), RelocTarget::Named(body, 0)) =
                    (pairs.target_of(slot), pairs.target_of(body))
                {
                    hot.bodies.insert(body);
                    hot.instances.push((slot, body));
                }
            }
        }
        hot.instances.sort_unstable();
        hot.instances.dedup();
        hot
    }

    /// Returns the hot functions that the process does not have yet, by slot.
    pub fn added(&self, runs: impl Fn(SymbolId) -> bool) -> Vec<(SymbolId, &HotFunction)> {
        self.sorted(|slot| !runs(slot))
    }

    /// Returns the hot functions that the process has, but the source has no longer, by slot.
    pub fn removed<'a>(
        &self,
        running: &'a HotRegistry,
        renamed: &HashMap<SymbolId, SymbolId>,
        runs: impl Fn(SymbolId) -> bool,
    ) -> Vec<(SymbolId, &'a HotFunction)> {
        let is_renamed = |slot| renamed.values().any(|was| *was == slot);
        running
            .sorted(|slot| runs(slot) && !self.functions.contains_key(&slot) && !is_renamed(slot))
    }

    fn sorted(&self, wanted: impl Fn(SymbolId) -> bool) -> Vec<(SymbolId, &HotFunction)> {
        let functions = self.functions.iter().filter(|(slot, _)| wanted(**slot));
        let mut functions: Vec<_> = functions.map(|(slot, function)| (*slot, function)).collect();
        functions.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        functions
    }

    /// Returns the slots that go by another name than in `running`: each new name, and the one
    /// before. rustc numbers the impl blocks of a module, and the number is part of the hash in
    /// each symbol: a block more (a `derive` is one) renames whatever stands in the blocks after
    /// it. What stays is the name in the registry.
    ///
    /// Fails with the functions that cannot be told apart by it: several of one name, and generic
    /// ones of which some running instance is not among the `bodies` that were found again.
    pub fn renamed(
        &self,
        running: &HotRegistry,
        runs: impl Fn(SymbolId) -> bool,
        bodies: &HashMap<SymbolId, SymbolId>,
    ) -> Result<HashMap<SymbolId, SymbolId>, Vec<String>> {
        let mut gone: HashMap<&str, Vec<(SymbolId, &HotFunction)>> = HashMap::new();
        for (slot, function) in &running.functions {
            if !self.functions.contains_key(slot) && runs(*slot) {
                gone.entry(&function.name).or_default().push((*slot, function));
            }
        }
        let mut come: HashMap<&str, Vec<(SymbolId, &HotFunction)>> = HashMap::new();
        for (slot, function) in &self.functions {
            if gone.contains_key(function.name.as_str()) && !runs(*slot) {
                come.entry(&function.name).or_default().push((*slot, function));
            }
        }
        let mut renamed = HashMap::new();
        let mut unclear = Vec::new();
        for (name, now) in come {
            match (gone[name].as_slice(), now.as_slice()) {
                ([(was, old)], [(now, new)])
                    if old.body.is_some() == new.body.is_some()
                        && running
                            .instances
                            .iter()
                            .filter(|(slot, _)| slot == was)
                            .all(|(_, body)| bodies.values().any(|known| known == body)) =>
                {
                    renamed.insert(*now, *was);
                }
                _ => unclear.push(name.to_owned()),
            }
        }
        unclear.sort();
        if unclear.is_empty() { Ok(renamed) } else { Err(unclear) }
    }
}

fn read_entry(entry: &AtomRef) -> Option<(SymbolId, HotFunction)> {
    let bytes = entry.bytes();
    let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let kind = abi::Kind::from_u16(half(2)?)?;
    if half(0)? != abi::ENTRY_ABI || kind == abi::Kind::Anchor {
        return None;
    }
    let field = |at: usize| {
        entry.atom().relocs.iter().find(|r| r.at == at as u64).map(|r| entry.target_of(r))
    };
    let RelocTarget::Named(slot, 0) = field(abi::ENTRY_SLOT)? else { return None };
    let named = |at: usize| match field(at) {
        Some(RelocTarget::Named(name, 0)) => Some(name),
        _ => None,
    };
    let body = named(abi::ENTRY_ORIGINAL);
    let number = |at: usize| {
        let number = u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?);
        usize::try_from(number).ok()
    };
    // The constant that is pointed to at `at`, which is of so many bytes.
    let constant = |at: usize, length: usize| {
        let RelocTarget::Private(constant, offset) = field(at)? else { return None };
        let offset = usize::try_from(offset).ok()?;
        Some(constant.bytes().get(offset..offset.checked_add(length)?)?.to_vec())
    };
    let text = constant(abi::ENTRY_TEXT, number(abi::ENTRY_TEXT_LEN)?)?;
    let text = EntryText::parse(std::str::from_utf8(&text).ok()?)?;
    let sizes = number(abi::ENTRY_SIZES_LEN)
        .filter(|count| *count > 0)
        .and_then(|count| constant(abi::ENTRY_SIZES, count.checked_mul(abi::SIZE_BYTES)?));
    let function = HotFunction {
        name: text.name(),
        signature: text.signature.to_owned(),
        body,
        identity: named(abi::ENTRY_IDENTITY),
        sizes: sizes.map(|bytes| bytes.chunks_exact(abi::SIZE_BYTES).map(read_size).collect()),
        entry: entry.clone(),
    };
    Some((slot, function))
}

fn read_size(bytes: &[u8]) -> SizeAlign {
    let half = |at: usize| {
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(number)
    };
    SizeAlign { size: half(0), align: half(8) }
}
