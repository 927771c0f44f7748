//! The layouts of types, read from debug information: what must agree before a patch may run.
//!
//! Neither a symbol's name nor a `TypeId` changes when a field is added to a struct, so that a
//! patch could bind the running static of a type whose layout is another, and overrun it. The
//! debug information that rustc writes into every object tells: for each type its size, its
//! alignment, its fields and variants and where they lie; for each static its type; for each
//! function its arguments and its result.
//!
//! [`Layouts`] holds what the objects of one crate tell. [`compare()`] sets what runs against what
//! was just compiled and answers with each [`Difference`] that stands in the way.
//!
//! The way there: `sections` relocates the debug sections, `entries` walks them once, `resolve`
//! makes an arena of `types` with names and fingerprints, `changes` sets two types side by side,
//! `vtables` does so with the tables of methods behind trait objects, `compare` walks pairs of types
//! from where values may be met by code of another build: `roots` says which places these are, and
//! why no others. `names` finds what is known by name only, and `renamed` says whether a function's
//! symbol is another for the names of fields alone.

mod changes;
mod compare;
mod difference;
mod entries;
mod names;
mod renamed;
mod resolve;
mod roots;
mod sections;
mod types;
mod vtables;

pub use compare::compare;
pub use difference::{Difference, Origin};
pub use renamed::{described, only_renamed};
#[doc(hidden)]
pub use roots::Check;
pub use roots::{Bound, HotFunction};

use crate::symbol::{short_type_name, without_llvm_suffix};
use std::sync::Arc;

/// What one object file (one codegen unit) tells of types. Cheap to clone and to keep: a rebuilt
/// crate shares most of its objects with what was there before, and [`compare()`] passes over those
/// that are shared.
#[derive(Clone, Debug)]
pub struct ObjectLayouts(Arc<types::Object>);

impl ObjectLayouts {
    /// Reads one relocatable object file. Without debug information it is empty.
    ///
    /// # Errors
    /// When the bytes are no object file of a little-endian machine, or its debug information is
    /// cut short or contradicts itself.
    pub fn read(object: &[u8]) -> Result<ObjectLayouts, LayoutError> {
        Self::read_split(object, None)
    }

    /// The same for an object whose debug information may lie in a file of its own (`.dwo`).
    ///
    /// # Errors
    /// As [`ObjectLayouts::read`], for both files.
    pub fn read_split(object: &[u8], split: Option<&[u8]>) -> Result<ObjectLayouts, LayoutError> {
        let sections = sections::Sections::read(object, split)?;
        let entries = entries::read(&sections)?;
        Ok(ObjectLayouts(Arc::new(resolve::resolve(entries, &sections)?)))
    }

    /// Whether it describes any type at all.
    pub fn describes(&self) -> bool {
        !self.0.types.is_empty()
    }

    /// Reads several object files, each with what was split off, on as many threads as the machine
    /// has, and keeps their order.
    ///
    /// # Errors
    /// As [`ObjectLayouts::read_split`], for an object that cannot be read.
    pub fn read_all(objects: &[(&[u8], Option<&[u8]>)]) -> Result<Vec<ObjectLayouts>, LayoutError> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = threads.min(objects.len()).max(1);
        // Each takes every n-th, since neighbours are often alike in size.
        let share = |first: usize| -> Result<Vec<ObjectLayouts>, LayoutError> {
            let share = objects.iter().skip(first).step_by(threads);
            share.map(|(object, split)| Self::read_split(object, *split)).collect()
        };
        let shares: Vec<Vec<ObjectLayouts>> = std::thread::scope(|scope| {
            let others: Vec<_> =
                (1..threads).map(|first| scope.spawn(move || share(first))).collect();
            let joined = others.into_iter().map(|thread| match thread.join() {
                Ok(read) => read,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            std::iter::once(share(0)).chain(joined).collect::<Result<_, _>>()
        })?;
        let at = |index: usize| shares[index % threads][index / threads].clone();
        Ok((0..objects.len()).map(at).collect())
    }
}

/// The layouts that one crate's objects tell of, all codegen units together.
///
/// ```no_run
/// use hot_cli::layout::{Bound, Layouts, compare};
///
/// let running = Layouts::read([std::fs::read("old.o")?.as_slice()])?;
/// let compiled = Layouts::read([std::fs::read("new.o")?.as_slice()])?;
/// let statics = vec!["_ZN4shop4OPEN17ha68801c4c95fedb7E"];
/// let bound = Bound { statics, own: vec!["shop"], ..Bound::default() };
/// for difference in compare(&[&running], &[&compiled], &[], &bound) {
///     println!("{difference}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layouts {
    objects: Vec<ObjectLayouts>,
}

impl Layouts {
    /// Reads all objects of a crate, on as many threads as the machine has.
    ///
    /// # Errors
    /// As [`ObjectLayouts::read`], for an object that cannot be read.
    pub fn read<'a>(objects: impl IntoIterator<Item = &'a [u8]>) -> Result<Layouts, LayoutError> {
        let objects: Vec<_> = objects.into_iter().map(|object| (object, None)).collect();
        Ok(Layouts { objects: ObjectLayouts::read_all(&objects)? })
    }

    /// Whether the objects describe any type at all. Without it [`compare()`] sees nothing, and the
    /// caller must fall back on sizes and names.
    pub fn has_debug_info(&self) -> bool {
        self.objects.iter().any(ObjectLayouts::describes)
    }

    /// The type of a static or a thread-local, by symbol. `.llvm.<digits>` does not matter.
    pub fn static_type(&self, symbol: &str) -> Option<TypeRef<'_>> {
        let symbol = without_llvm_suffix(symbol);
        self.objects.iter().find_map(|ObjectLayouts(object)| {
            Some(TypeRef { object, id: object.statics.get(symbol)?.ty })
        })
    }

    /// The qualified name of a function, by symbol, with the generic arguments of an instance.
    /// `.llvm.<digits>` does not matter.
    pub fn function_name(&self, symbol: &str) -> Option<&str> {
        let symbol = without_llvm_suffix(symbol);
        self.objects
            .iter()
            .find_map(|ObjectLayouts(object)| Some(&*object.functions.get(symbol)?.name))
    }

    /// The arguments and the result of a function, by symbol. `.llvm.<digits>` does not matter.
    pub fn signature(&self, symbol: &str) -> Option<Signature<'_>> {
        let symbol = without_llvm_suffix(symbol);
        self.objects.iter().find_map(|ObjectLayouts(object)| {
            let function = object.functions.get(symbol)?;
            let ty = |id| TypeRef { object, id };
            Some(Signature {
                arguments: function.arguments.iter().map(|(_, id)| ty(*id)).collect(),
                result: function.result.map(ty),
            })
        })
    }
}

impl FromIterator<ObjectLayouts> for Layouts {
    /// Puts a crate together from objects that were read before and such that are new.
    fn from_iter<T: IntoIterator<Item = ObjectLayouts>>(objects: T) -> Layouts {
        Layouts { objects: objects.into_iter().collect() }
    }
}

/// A type that the debug information describes.
#[derive(Clone, Copy, Debug)]
pub struct TypeRef<'a> {
    object: &'a types::Object,
    id: types::Id,
}

impl<'a> TypeRef<'a> {
    /// The full name, generic arguments included: `core::option::Option<shop::Order>`.
    pub fn name(&self) -> &'a str {
        self.object.name(self.id)
    }

    /// The name for people, without paths and default arguments: `Option<Order>`.
    pub fn short_name(&self) -> String {
        short_type_name(self.name())
    }

    /// The size in bytes, where the type has one of its own (arrays and pointers tell none).
    pub fn size(&self) -> Option<u64> {
        self.object.get(self.id).size
    }

    /// The alignment in bytes, where it is told.
    pub fn align(&self) -> Option<u64> {
        self.object.get(self.id).align
    }
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature<'a> {
    /// In order, the receiver first.
    pub arguments: Vec<TypeRef<'a>>,
    /// None for `()` and `!`.
    pub result: Option<TypeRef<'a>>,
}

/// Why layouts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Not an object file, or a damaged one.
    #[error("failed to read an object file for its debug information: {0}")]
    Object(#[source] object::Error),
    /// Made for a machine that the tool does not know.
    #[error("failed to read debug information: the object file is for a big-endian machine")]
    BigEndian,
    /// The debug information is cut short or malformed.
    #[error("failed to read debug information: {0}; build the crate again")]
    Dwarf(#[from] gimli::Error),
    /// The debug information contradicts itself.
    #[error("failed to read debug information: {0}; build the crate again")]
    Damaged(String),
}
