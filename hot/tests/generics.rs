//! `#[hot]` on generic functions: one slot, one body for each instance.
#![cfg(feature = "enabled")]

mod support;

use hot::hot;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use support::{Replaced, instances};

trait Named {
    const NAME: &'static str;
}

impl Named for u8 {
    const NAME: &'static str = "u8";
}

impl Named for String {
    const NAME: &'static str = "String";
}

#[hot]
fn name_of<T: Named>() -> String {
    T::NAME.to_owned()
}

#[test]
fn each_instance_is_replaced_for_itself() {
    let _serial = support::serial();
    fn other() -> String {
        "replaced".to_owned()
    }
    let call = || (name_of::<u8>(), name_of::<String>());
    let plain = ("u8".to_owned(), "String".to_owned());
    assert_eq!(call(), plain);
    let bodies = instances("__hot_name_of");
    assert_eq!(bodies.len(), 2);
    let mut seen = Vec::new();
    for body in bodies {
        // SAFETY: both instances have the type `fn() -> String`.
        let _guard = unsafe {
            Replaced::new("generics/name_of", Some(body), other as fn() -> String as *const ())
        };
        seen.push(call());
    }
    seen.sort();
    let changed = "replaced".to_owned();
    assert_eq!(seen, [(changed.clone(), plain.1.clone()), (plain.0.clone(), changed)]);
    assert_eq!(call(), plain);
}

/// Replaces the one instance that a test makes.
fn replace_only(name: &'static str, code: *const ()) -> Replaced {
    let function = name.rsplit(['/', '.']).next().unwrap_or_default();
    let bodies = instances(&format!("__hot_{function}"));
    let [body] = bodies.as_slice() else { panic!("{} instances of {name}", bodies.len()) };
    // SAFETY: every caller passes a function of the type of the instance.
    unsafe { Replaced::new(name, Some(*body), code) }
}

#[hot]
fn largest<'a, T>(items: &'a [T], _: &T) -> Option<&'a T>
where
    T: Ord + 'a,
{
    items.iter().max()
}

#[hot]
fn sum<const N: usize>(items: [u64; N]) -> u64 {
    items.iter().sum()
}

#[hot]
fn apply<T: Debug>(
    mut items: impl Iterator<Item = T>,
    suffix: impl Into<String>,
    f: &mut dyn FnMut(&T),
) -> String {
    let mut text = String::new();
    for item in &mut items {
        f(&item);
        text += &format!("{item:?}");
    }
    text + &suffix.into()
}

#[hot]
fn parse<T: std::str::FromStr>(text: impl AsRef<str>) -> Option<T> {
    text.as_ref().parse().ok()
}

#[hot]
fn nested(items: Vec<impl IntoIterator<Item = impl Into<u64>>>) -> u64 {
    items.into_iter().flatten().map(Into::into).sum()
}

#[hot]
fn doubled<T: Clone>(items: &[T]) -> impl Iterator<Item = T> + '_ {
    items.iter().flat_map(|item| [item.clone(), item.clone()])
}

#[hot]
unsafe fn read<T: Copy>(at: *const T) -> T {
    // SAFETY: the caller passes a valid pointer.
    unsafe { *at }
}

#[test]
fn free_functions() {
    let _serial = support::serial();
    fn smallest<'a>(items: &'a [u32], _: &u32) -> Option<&'a u32> {
        items.iter().min()
    }
    fn product(items: [u64; 3]) -> u64 {
        items.iter().product()
    }
    fn four(_: &str) -> Option<i16> {
        Some(4)
    }
    assert_eq!(largest(&[1_u32, 3, 2], &0), Some(&3));
    let guard =
        replace_only("generics/largest", smallest as fn(&'static _, &'static _) -> _ as *const ());
    assert_eq!(largest(&[1_u32, 3, 2], &0), Some(&1));
    drop(guard);

    assert_eq!(sum([2, 3, 4]), 9);
    let guard = replace_only("generics/sum", product as fn(_) -> _ as *const ());
    assert_eq!(sum([2, 3, 4]), 24);
    drop(guard);

    // Explicit parameters as in the function as written.
    assert_eq!(parse::<i16>("12"), Some(12));
    let guard = replace_only("generics/parse", four as fn(&_) -> _ as *const ());
    assert_eq!(parse::<i16>("12"), Some(4));
    drop(guard);

    let mut calls = 0;
    let text = apply::<u8>([1, 2].into_iter(), "!", &mut |_| calls += 1);
    assert_eq!((text.as_str(), calls), ("12!", 2));
    assert_eq!(nested(vec![vec![1_u8], vec![2, 3]]), 6);
    assert_eq!(doubled(&["a"]).collect::<Vec<_>>(), ["a", "a"]);
    // SAFETY: a pointer to a constant.
    assert_eq!(unsafe { read(&5_u8) }, 5);
}

#[derive(Default)]
struct Stack<T> {
    items: Vec<T>,
}

#[hot]
impl<T> Stack<T> {
    fn push(&mut self, item: T) -> usize {
        self.items.push(item);
        self.items.len()
    }

    fn map<U: From<T>>(mut self, f: impl Fn(T) -> U) -> Stack<U> {
        Stack { items: std::mem::take(&mut self.items).into_iter().map(f).collect() }
    }

    fn of(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

#[hot]
impl Stack<u8> {
    fn bytes(&self) -> &[u8] {
        &self.items
    }
}

trait Lookup<K> {
    type Value;
    fn look<Q: Into<K>>(&self, key: Q) -> Option<&Self::Value>;
    fn all(&self, wanted: impl Fn(&K) -> bool) -> usize;
}

#[hot]
impl<K: Hash + Eq, V, const N: usize> Lookup<K> for [HashMap<K, V>; N]
where
    V: PartialEq,
{
    type Value = V;

    fn look<Q: Into<K>>(&self, key: Q) -> Option<&Self::Value> {
        let key = key.into();
        self.iter().find_map(|map| map.get(&key))
    }

    fn all(&self, wanted: impl Fn(&K) -> bool) -> usize {
        self.iter().flat_map(HashMap::keys).filter(|key| wanted(key)).count()
    }
}

#[hot]
impl<T> Drop for Stack<T> {
    fn drop(&mut self) {
        self.items.clear();
    }
}

#[hot]
impl<T> Stack<T> {
    fn take(&mut self) -> Option<T> {
        self.items.pop()
    }
}

#[test]
fn methods() {
    let _serial = support::serial();
    fn push(stack: &mut Stack<i64>, item: i64) -> usize {
        stack.items.extend([item, item]);
        99
    }
    let mut stack = Stack::<i64>::of([7]);
    assert_eq!(stack.push(1), 2);
    let guard = replace_only("generics/*Stack.push", push as fn(&mut _, _) -> _ as *const ());
    assert_eq!(stack.push(2), 99);
    drop(guard);
    assert_eq!(stack.items, [7, 1, 2, 2]);
    assert_eq!(stack.take(), Some(2));

    fn no_bytes(_: &Stack<u8>) -> &[u8] {
        b"none"
    }
    let bytes = Stack { items: vec![1_u8] };
    assert_eq!(bytes.bytes(), [1]);
    // SAFETY: the type is that of the method.
    let guard = unsafe {
        Replaced::new(
            "generics/*Stack<u8>.bytes",
            None,
            no_bytes as fn(&'static _) -> _ as *const (),
        )
    };
    assert_eq!(bytes.bytes(), b"none");
    drop(guard);

    let maps = [HashMap::from([("a".to_owned(), 1)]), HashMap::from([("b".to_owned(), 2)])];
    assert_eq!(maps.look("b"), Some(&2));
    assert_eq!(maps.all(|key| key.as_str() > "a"), 1);
}

#[test]
fn generic_drop() {
    let _serial = support::serial();
    let token = std::rc::Rc::new(());
    drop(Stack::of([token.clone(), token.clone()]));
    assert_eq!(std::rc::Rc::strong_count(&token), 1);
}

#[test]
fn own_parameters_beside_those_of_the_impl() {
    let _serial = support::serial();
    let stack = Stack::of([1_u8, 2]).map::<u64>(u64::from);
    assert_eq!(stack.items, [1_u64, 2]);
}

#[cfg(feature = "mock")]
mod alike {
    use hot::hot;

    pub struct Both;

    pub trait First {
        fn go(&self, with: impl Into<u64>) -> u64;
    }

    pub trait Second {
        fn go(&self, with: impl Into<u64>) -> u64;
    }

    #[hot]
    impl First for Both {
        fn go(&self, with: impl Into<u64>) -> u64 {
            with.into()
        }
    }

    impl Second for Both {
        fn go(&self, with: impl Into<u64>) -> u64 {
            with.into() + 1
        }
    }

    #[allow(non_camel_case_types)]
    pub struct read {}

    #[hot]
    pub fn read<T: std::str::FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }
}

/// A method of a trait that is not hot, beside one that is; a struct that is called like a function.
#[test]
#[cfg(feature = "mock")]
fn only_the_function_that_is_meant_is_found() {
    use alike::{Both, First, Second, read};
    let _serial = support::serial();
    let scope = hot::scope();
    fn found<F: Fn(&Both, u8) -> u64>(scope: &hot::Scope, function: F) -> Result<(), hot::Error> {
        scope.spy(function).map(drop)
    }
    found(&scope, <Both as First>::go).unwrap();
    let other = found(&scope, <Both as Second>::go).unwrap_err();
    assert!(matches!(other, hot::Error::NotHot { .. }), "{other}");
    assert_eq!((First::go(&Both, 1u8), Second::go(&Both, 1u8)), (1, 2));

    scope.spy(read::<u8>).unwrap();
    let a_struct = scope.spy(read {}).unwrap_err();
    assert!(matches!(a_struct, hot::Error::NotHot { .. }), "{a_struct}");
    assert_eq!(read::<u8>("7"), Some(7));
}
