//! Functions identified by their item type.
//!
//! The value of a path such as `Cart::total` has a type of its own, the *item type*, of size zero;
//! no two functions share one. Function pointers do not identify functions: the compiler merges
//! equal ones and copies those that it inlines. So the entry of a function knows its item type.
//! That of an instance of a generic function is known to its trampoline, at a call.

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// A function identified by its item type.
#[derive(Clone, Copy)]
pub struct Item {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) size: usize,
}

impl Item {
    /// Returns the item type of a value.
    pub fn of<F>(_: &F) -> Item {
        Item::of_type::<F>()
    }

    /// Returns a function that makes the item when it is needed, so that a call that is not mocked
    /// prepares nothing.
    pub fn teller<F>(_: &F) -> fn() -> Item {
        Item::of_type::<F>
    }

    fn of_type<F>() -> Item {
        Item { id: id_of::<F>(), name: type_name::<F>(), size: size_of::<F>() }
    }
}

/// Returns the ID of a type, whatever its lifetimes.
fn id_of<T: ?Sized>() -> TypeId {
    trait Id {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Id for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let any = PhantomData::<T>;
    let any: &dyn Id = &any;
    // SAFETY: only the lifetime bound of the object differs, and what is called through it, on a
    // value without content, answers a number that does not depend on lifetimes.
    let any = unsafe { std::mem::transmute::<&dyn Id, &(dyn Id + 'static)>(any) };
    any.id()
}

#[cfg(test)]
mod tests {
    use super::{Item, id_of};

    #[test]
    fn an_item_is_told_by_its_type() {
        fn a<T>() {}
        assert_eq!(Item::of(&a::<u8>).id, Item::of(&a::<u8>).id);
        assert_ne!(Item::of(&a::<u8>).id, Item::of(&a::<i8>).id);
        assert_eq!(id_of::<&'static str>(), std::any::TypeId::of::<&str>());
    }
}
