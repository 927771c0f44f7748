//! Bounds that the header of an impl block implies: `PartialEq<&'a T>` holds for a `T: 'a` only.

use hot::hot;
use std::ops::{BitAnd, Index};

pub struct Bytes(Vec<u8>);

impl PartialEq<[u8]> for Bytes {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

#[hot]
impl<'a, T: ?Sized> PartialEq<&'a T> for Bytes
where
    Bytes: PartialEq<T>,
{
    fn eq(&self, other: &&'a T) -> bool {
        *self == **other
    }
}

pub struct Slice<K, V>(Vec<(K, V)>);

#[hot]
impl<K: Clone, V: Clone> From<&Slice<K, V>> for Vec<(K, V)> {
    fn from(slice: &Slice<K, V>) -> Self {
        slice.0.clone()
    }
}

pub struct Map<K, V>(Vec<(K, V)>);

#[hot]
impl<'a, K: Copy, V: Copy> Extend<(&'a K, &'a V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, pairs: I) {
        self.0.extend(pairs.into_iter().map(|(key, value)| (*key, *value)))
    }
}

#[hot]
impl<'a, K: PartialEq> Index<&'a K> for Map<K, u8> {
    type Output = u8;
    fn index(&self, key: &'a K) -> &Self::Output {
        let found: Option<&Self::Output> =
            self.0.iter().find(|(own, _)| own == key).map(|(_, value)| value);
        found.unwrap()
    }
}

#[hot]
impl<'a, T> IntoIterator for &'a Map<T, T> {
    type Item = &'a (T, T);
    type IntoIter = std::slice::Iter<'a, (T, T)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

pub struct Set<T, S>(Vec<T>, S);

#[hot]
impl<T: Clone + PartialEq, S1: Default, S2> BitAnd<&Set<T, S2>> for &Set<T, S1> {
    type Output = Set<T, S1>;
    fn bitand(self, other: &Set<T, S2>) -> Self::Output {
        let both = self.0.iter().filter(|one| other.0.contains(one));
        Set(both.cloned().collect(), S1::default())
    }
}

/// Bounds that no reference shows.
pub struct Items<'a, T>(&'a [T]);
pub struct Nested<'a, 'b>(&'a &'b u8);

#[hot]
impl<'a, T> From<Items<'a, T>> for usize {
    fn from(items: Items<'a, T>) -> Self {
        items.0.len()
    }
}

#[hot]
impl<'a, 'b> From<Nested<'a, 'b>> for u8 {
    fn from(nested: Nested<'a, 'b>) -> u8 {
        **nested.0
    }
}

#[hot]
impl<'a, T> Iterator for Items<'a, T> {
    type Item = &'a T;
    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }
}

#[hot]
impl<'a, T> DoubleEndedIterator for Items<'a, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (last, rest) = self.0.split_last()?;
        self.0 = rest;
        let last: Self::Item = last;
        Some(last)
    }
}

/// A trait that asks something of its argument, and has a constant.
pub trait Handler<R: Copy> {
    const TIMES: u8;
    fn handle(&self, request: R) -> u8;
}

#[derive(Clone, Copy)]
pub struct Request<'a, T>(&'a T);

#[hot]
impl<'a, T: Copy + Into<u8>> Handler<Request<'a, T>> for Bytes {
    const TIMES: u8 = 3;
    fn handle(&self, request: Request<'a, T>) -> u8 {
        (*request.0).into() * Self::TIMES
    }
}

/// A result that is one of a supertrait.
pub trait Once<A> {
    type Output;
    fn call_once(self, argument: A) -> Self::Output;
}

pub trait Again<A>: Once<A> {
    fn call(&mut self, argument: A) -> Self::Output;
}

pub struct Inspect<F>(F);

#[hot]
impl<'a, F: Once<&'a E, Output = ()>, T, E> Once<&'a Result<T, E>> for Inspect<F> {
    type Output = ();
    fn call_once(self, result: &'a Result<T, E>) -> Self::Output {
        if let Err(error) = result {
            self.0.call_once(error)
        }
    }
}

#[hot]
impl<'a, F: Again<&'a E, Output = ()>, T, E> Again<&'a Result<T, E>> for Inspect<F> {
    fn call(&mut self, result: &'a Result<T, E>) -> Self::Output {
        if let Err(error) = result {
            self.0.call(error)
        }
    }
}

#[test]
fn calls() {
    let mut map = Map(vec![(1, 2u8)]);
    map.extend([(&3, &4)]);
    assert_eq!((map[&3], map.into_iter().count()), (4, 2));
    assert!(Bytes(vec![1]) == &[1u8][..]);
    assert_eq!(usize::from(Items(&[1, 2])) + usize::from(u8::from(Nested(&&3))), 5);
    assert_eq!(Items(&[1, 2]).rev().collect::<Vec<_>>(), [&2, &1]);
    assert_eq!(Bytes(Vec::new()).handle(Request(&2u8)), 6);
    assert_eq!((&Set(vec![1, 2], ()) & &Set(vec![2], 'a')).0, [2]);
}
