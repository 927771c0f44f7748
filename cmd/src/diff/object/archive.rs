//! The archives that the program was linked with, for code that the executable does not contain:
//! the rlibs of dependencies and of the sysroot, and what build scripts have made of other
//! languages.
//!
//! The linker takes from an archive only what the program uses; new code may use more. Each archive
//! carries an index from global symbol to member; the indices are read when the first symbol is
//! missing, and a member is read when it is needed. What was read is kept; nothing that is decided
//! depends on it.
//!
//! Beside them stand the dynamic libraries that are made of crates of Rust. Nothing is pulled out
//! of these: what they export is asked of the dynamic loader.

use super::error::DiffError;
use super::file::{AtomRef, ObjectFile};
use super::read;
use super::symbol_table::{SymbolId, SymbolTable};
use ::object::read::archive::{ArchiveFile, ArchiveOffset};
use ::object::{Object as _, ObjectSymbol as _, SymbolKind};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The archives that the program was linked with, opened when first needed.
pub struct ArchiveReader {
    paths: Vec<PathBuf>,
    index: OnceCell<Index>,
    shared: Vec<PathBuf>,
    exports: OnceCell<HashMap<SymbolId, Export>>,
}

/// A definition that a dynamic library exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// Something at an address that the dynamic loader knows.
    Address,
    /// A thread-local, which is at another address in each thread.
    ThreadLocal,
}

#[derive(Default)]
struct Index {
    maps: Vec<memmap2::Mmap>,
    /// Archive, and offset of the member's header in it.
    members: HashMap<SymbolId, (usize, u64)>,
    objects: RefCell<HashMap<(usize, u64), Arc<ObjectFile>>>,
}

impl ArchiveReader {
    /// Returns a reader of the archives at these paths, and of dynamic libraries.
    pub fn new(paths: Vec<PathBuf>, shared: Vec<PathBuf>) -> ArchiveReader {
        ArchiveReader { paths, index: OnceCell::new(), shared, exports: OnceCell::new() }
    }

    /// Returns how a dynamic library of Rust exports this name, if one does.
    pub fn export(&self, name: SymbolId, names: &SymbolTable) -> Result<Option<Export>, DiffError> {
        if self.shared.is_empty() {
            return Ok(None);
        }
        let exports = get_or_read(&self.exports, || exported(&self.shared, names))?;
        Ok(exports.get(&name).copied())
    }

    /// Returns the definition of a global symbol, if some archive has one.
    pub fn find(&self, name: SymbolId, names: &SymbolTable) -> Result<Option<AtomRef>, DiffError> {
        let index = get_or_read(&self.index, || open(&self.paths, names))?;
        let Some(&member) = index.members.get(&name) else { return Ok(None) };
        let known = index.objects.borrow().get(&member).cloned();
        let object = match known {
            Some(object) => object,
            None => {
                let object = Arc::new(self.read(index, member, names)?);
                index.objects.borrow_mut().insert(member, object.clone());
                object
            }
        };
        Ok(object.symbols.get(&name).map(|&(index, _)| AtomRef { object: object.clone(), index }))
    }

    /// Reads the member of an archive.
    fn read(
        &self,
        index: &Index,
        (archive, offset): (usize, u64),
        names: &SymbolTable,
    ) -> Result<ObjectFile, DiffError> {
        let failed = |what: String| DiffError::Archive { path: self.paths[archive].clone(), what };
        let map = &index.maps[archive][..];
        let file = ArchiveFile::parse(map).map_err(|e| failed(e.to_string()))?;
        let member = file.member(ArchiveOffset(offset)).map_err(|e| failed(e.to_string()))?;
        let unit = String::from_utf8_lossy(member.name()).into_owned();
        let data = member.data(map).map_err(|e| failed(e.to_string()))?.to_vec();
        read::read(&unit, data, names).map_err(|e| failed(e.to_string()))
    }
}

/// Returns what a cell holds, after reading it if that has not been done.
fn get_or_read<T>(
    cell: &OnceCell<T>,
    read: impl FnOnce() -> Result<T, DiffError>,
) -> Result<&T, DiffError> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let read = read()?;
    Ok(cell.get_or_init(|| read))
}

fn exported(
    libraries: &[PathBuf],
    names: &SymbolTable,
) -> Result<HashMap<SymbolId, Export>, DiffError> {
    let mut exports = HashMap::new();
    for path in libraries {
        let failed = |what: String| DiffError::Archive { path: path.clone(), what };
        let bytes = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
        let file = ::object::File::parse(&*bytes).map_err(|e| failed(e.to_string()))?;
        for symbol in file.dynamic_symbols().filter(|symbol| symbol.is_definition()) {
            let text = symbol.name().map_err(|e| failed(e.to_string()))?;
            let export = match symbol.kind() {
                SymbolKind::Tls => Export::ThreadLocal,
                _ => Export::Address,
            };
            exports.insert(names.intern(text), export);
        }
    }
    Ok(exports)
}

fn open(paths: &[PathBuf], names: &SymbolTable) -> Result<Index, DiffError> {
    let mut index = Index::default();
    for (archive, path) in paths.iter().enumerate() {
        let failed = |what: String| DiffError::Archive { path: path.clone(), what };
        let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
        // SAFETY: rustc and cargo replace archives by renaming; a file that is cut while it is
        // mapped would end the tool, never the program.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| failed(e.to_string()))?;
        let parsed = ArchiveFile::parse(&map[..]).map_err(|e| failed(e.to_string()))?;
        if let Some(symbols) = parsed.symbols().map_err(|e| failed(e.to_string()))? {
            for symbol in symbols {
                let symbol = symbol.map_err(|e| failed(e.to_string()))?;
                let Ok(text) = std::str::from_utf8(symbol.name()) else { continue };
                let name = names.intern(text);
                index.members.entry(name).or_insert((archive, symbol.offset().0));
            }
        }
        index.maps.push(map);
    }
    Ok(index)
}
