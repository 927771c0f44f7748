//! Types that have lifetimes, which no `TypeId` knows.
//!
//! The instances `first::<&'static str>` and `first::<&'a str>` are one item at run time, so that a
//! mock that is right for the one would be run by the other, and could keep what it must not. Which
//! instance is meant cannot be known, so an instance gets a closure only when there are no
//! lifetimes among its types. The compiler shows that by the type's name alone; [`shows_lifetimes`]
//! makes sure, on types that have some, that it does.

use std::any::type_name;

/// Reports whether none of these types, given by their names, has lifetimes.
pub fn no_lifetimes(names: &[&str]) -> bool {
    shows_lifetimes() && !names.iter().any(|name| has_lifetimes(name))
}

/// Reports whether a type's name shows a lifetime, or a type that may hide one.
fn has_lifetimes(name: &str) -> bool {
    name.contains(['\'', '&', '{']) || name.contains("dyn ")
}

/// Types to try the compiler's names on.
mod tried {
    use std::marker::PhantomData;

    pub struct One<'a>(PhantomData<&'a ()>);
    pub struct Many<'a, T>(PhantomData<(&'a (), T)>);
    pub struct Inner<T>(PhantomData<T>);
    pub trait Of<'a> {}
    pub fn early<'a: 'a>() {}
}

/// Reports whether this compiler writes lifetimes into the names of types.
fn shows_lifetimes() -> bool {
    use tried::{Inner, Many, Of, One, early};
    fn name_of_val<F>(_: &F) -> &'static str {
        type_name::<F>()
    }
    let with = [
        type_name::<One<'static>>(),
        type_name::<Many<'static, u8>>(),
        type_name::<Inner<One<'static>>>(),
        type_name::<&'static str>(),
        type_name::<&'static mut [u8]>(),
        type_name::<Box<dyn Of<'static>>>(),
        type_name::<fn(One<'static>)>(),
        name_of_val(&early),
    ];
    with.iter().all(|name| has_lifetimes(name))
        && !has_lifetimes(type_name::<Inner<Option<Vec<u8>>>>())
}

#[cfg(test)]
mod tests {
    use super::{has_lifetimes, shows_lifetimes};

    #[test]
    fn this_compiler_shows_lifetimes() {
        assert!(shows_lifetimes());
        assert!(!has_lifetimes("shop::Stack<alloc::string::String>::push"));
    }
}
