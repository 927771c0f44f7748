//! Types as the debug information of one object describes them.
//!
//! An [`Object`] is an arena: types name each other by [`Id`], so that cycles (a struct holding a
//! `Box` of itself) need no care. Every type has a qualified name, generic arguments included;
//! where DWARF gives none (arrays, the data pointers of slices) it is made from the parts.

use std::collections::HashMap;

/// A type of one [`Object`]: its place in [`Object::types`]. While the debug information is being
/// read it is an offset in `.debug_info` instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u32);

/// All that one object file tells about types.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) types: Vec<Type>,
    /// Statics and thread-locals by symbol, without `.llvm.<digits>`.
    pub(super) statics: HashMap<Box<str>, Static>,
    /// Functions by symbol, without `.llvm.<digits>`.
    pub(super) functions: HashMap<Box<str>, Function>,
    /// Tables of methods by type and trait: `<shop::Order as shop::Priced>`.
    pub(super) vtables: HashMap<Box<str>, Table>,
    /// Instances of generic functions of other crates, by symbol, with the crate and the types; of
    /// the standard library only those that ask for the `TypeId`, under [`ANY`].
    pub(super) instances: HashMap<Box<str>, (Box<str>, Vec<Id>)>,
}

/// Stands for the crate of functions that compare the `TypeId` of what they are instantiated with.
pub(super) const ANY: &str = "core::any";

/// A static or a thread-local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Static {
    pub(super) ty: Id,
    /// In bytes, where the debug information gives one.
    pub(super) align: Option<u64>,
}

/// A function's signature, as far as it is described.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    /// Qualified, with the generic arguments of an instance.
    pub(super) name: Box<str>,
    /// Name (empty for a pattern) and type.
    pub(super) arguments: Vec<(Box<str>, Id)>,
    /// None for `()` and `!`.
    pub(super) result: Option<Id>,
}

impl Function {
    /// Returns the types of the arguments and of the result.
    pub(super) fn types(&self) -> impl Iterator<Item = Id> {
        self.arguments.iter().map(|(_, ty)| *ty).chain(self.result)
    }
}

/// The symbols of a table's methods in order; none where there is no method, or a table within
/// the table (of a supertrait).
pub(super) type Methods = Box<[Option<Box<str>>]>;

/// A table of the methods behind a trait object.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) methods: Methods,
    /// The type whose methods these are.
    pub(super) holder: Option<Id>,
}

/// One type.
#[derive(Debug)]
pub(super) struct Type {
    /// Qualified, with generic arguments: `core::option::Option<shop::Order>`.
    pub(super) name: Box<str>,
    /// Hash of the name.
    pub(super) key: u64,
    /// Hash of what the type says of itself; of other types it holds only the names.
    pub(super) print: u64,
    /// In bytes.
    pub(super) size: Option<u64>,
    /// In bytes.
    pub(super) align: Option<u64>,
    pub(super) kind: Kind,
    /// Generic arguments: what a collection holds is often found only here.
    pub(super) generics: Vec<Id>,
    /// The enum that this is a variant of. Such a type is compared as part of the enum.
    pub(super) variant_of: Option<Id>,
    /// Only announced; described elsewhere or nowhere. So is what has a size and nothing in it:
    /// rustc cuts types short that would lead to ever larger ones of their kind, and where it does
    /// so depends on what else the unit describes.
    pub(super) declaration: bool,
}

/// The kind of a type.
#[derive(Debug)]
pub(super) enum Kind {
    /// Numbers, `bool`, `char`, `()`, `!`: the encoding as in DWARF.
    Base {
        encoding: u8,
    },
    /// Structs, tuples, closures, and enums that hold data.
    Struct {
        members: Vec<Member>,
        parts: Vec<VariantPart>,
    },
    Union {
        members: Vec<Member>,
    },
    /// An enum without data: names and values.
    Enumeration {
        underlying: Option<Id>,
        enumerators: Vec<(Box<str>, i128)>,
    },
    Pointer {
        to: Option<Id>,
    },
    Array {
        of: Option<Id>,
        counts: Vec<Option<u64>>,
    },
    Function {
        result: Option<Id>,
        arguments: Vec<Id>,
    },
    /// Anything else that stands for another type, or for none.
    Other {
        tag: u16,
        of: Option<Id>,
    },
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Box<str>,
    pub(super) offset: Option<u64>,
    pub(super) ty: Id,
    /// Who may name it, as in DWARF; 0 where that is not told. It moves nothing, but the `TypeId`
    /// depends on it, as it does on the name.
    pub(super) access: u8,
}

/// The variants of an enum that holds data, or the states of a coroutine.
#[derive(Debug, Default)]
pub(super) struct VariantPart {
    /// Where the value lies that tells the variants apart.
    pub(super) tag: Option<Member>,
    pub(super) variants: Vec<Variant>,
}

/// One variant.
#[derive(Debug, Default)]
pub(super) struct Variant {
    pub(super) name: Box<str>,
    /// The tag's value; none for the variant that has every value not taken by another.
    pub(super) value: Option<i128>,
    pub(super) members: Vec<Member>,
    pub(super) generics: Vec<Id>,
}

impl Object {
    pub(super) fn get(&self, id: Id) -> &Type {
        &self.types[id.0 as usize]
    }

    pub(super) fn name(&self, id: Id) -> &str {
        &self.get(id).name
    }

    /// Returns the type of a function, as far as it is described.
    pub(super) fn signature(&self, function: &Function) -> String {
        let arguments: Vec<&str> =
            function.arguments.iter().map(|(_, ty)| self.name(*ty)).collect();
        let result = function.result.map(|ty| format!(" -> {}", self.name(ty)));
        format!("fn({}){}", arguments.join(", "), result.unwrap_or_default())
    }
}

impl Type {
    /// The types that this one names, directly.
    pub(super) fn children(&self) -> Vec<Id> {
        let mut children = self.generics.clone();
        fn members(members: &[Member]) -> impl Iterator<Item = Id> {
            members.iter().map(|member| member.ty)
        }
        match &self.kind {
            Kind::Base { .. } => {}
            Kind::Struct { members: fields, parts } => {
                children.extend(members(fields));
                for variant in parts.iter().flat_map(|part| &part.variants) {
                    children.extend(members(&variant.members).chain(variant.generics.clone()));
                }
            }
            Kind::Union { members: fields } => children.extend(members(fields)),
            Kind::Enumeration { underlying: of, .. }
            | Kind::Pointer { to: of }
            | Kind::Array { of, .. }
            | Kind::Other { of, .. } => children.extend(of),
            Kind::Function { result, arguments } => children.extend(result.iter().chain(arguments)),
        }
        children
    }

    /// Calls `f` on every type that this one names.
    pub(super) fn each_id<E>(
        &mut self,
        mut f: impl FnMut(&mut Id) -> Result<(), E>,
    ) -> Result<(), E> {
        fn all<'a, E>(
            ids: impl IntoIterator<Item = &'a mut Id>,
            f: &mut impl FnMut(&mut Id) -> Result<(), E>,
        ) -> Result<(), E> {
            ids.into_iter().try_for_each(f)
        }
        fn members<E>(
            members: &mut [Member],
            f: &mut impl FnMut(&mut Id) -> Result<(), E>,
        ) -> Result<(), E> {
            all(members.iter_mut().map(|member| &mut member.ty), f)
        }
        all(&mut self.generics, &mut f)?;
        all(&mut self.variant_of, &mut f)?;
        match &mut self.kind {
            Kind::Base { .. } => Ok(()),
            Kind::Struct { members: fields, parts } => {
                members(fields, &mut f)?;
                for part in parts {
                    all(part.tag.iter_mut().map(|tag| &mut tag.ty), &mut f)?;
                    for variant in &mut part.variants {
                        members(&mut variant.members, &mut f)?;
                        all(&mut variant.generics, &mut f)?;
                    }
                }
                Ok(())
            }
            Kind::Union { members: fields } => members(fields, &mut f),
            Kind::Enumeration { underlying: of, .. }
            | Kind::Pointer { to: of }
            | Kind::Array { of, .. }
            | Kind::Other { of, .. } => all(of, &mut f),
            Kind::Function { result, arguments } => {
                all(result, &mut f)?;
                all(arguments, &mut f)
            }
        }
    }
}
