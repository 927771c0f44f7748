//! The layouts that object files describe, and the questions that others ask of them.

use super::dwarf;
use super::error::LayoutError;
use super::types::{Id, Object};
use crate::symbol::{short_type_name, without_llvm_suffix};
use std::sync::Arc;

/// The types that one object file (one codegen unit) describes. Cheap to clone and to keep: a
/// rebuilt crate shares most of its objects with what was there before, and
/// [`compare`](super::compare()) passes over those that are shared.
#[derive(Clone, Debug)]
pub struct ObjectLayouts(pub(super) Arc<Object>);

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
        Ok(ObjectLayouts(Arc::new(dwarf::read(object, split)?)))
    }

    /// Reports whether it describes any type at all.
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
    pub(super) objects: Vec<ObjectLayouts>,
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

    /// Reports whether the objects describe any type at all. Without it
    /// [`compare`](super::compare()) sees nothing, and the caller must fall back on sizes and
    /// names.
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
    object: &'a Object,
    id: Id,
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

/// The types that a function takes and returns.
#[derive(Clone, Debug)]
pub struct Signature<'a> {
    /// In order, the receiver first.
    pub arguments: Vec<TypeRef<'a>>,
    /// None for `()` and `!`.
    pub result: Option<TypeRef<'a>>,
}
