//! Types that rustc cuts short: of one that would lead to ever larger ones of its kind it writes the
//! size and nothing else, in one unit; in another the whole.

use crate::fixture::{compile, edit, symbols};
use hot_cli::layout::{Bound, Layouts, compare};

/// A list of ever larger parts. What it holds beside them depends on what it is a list of.
const LIST: &str = "
    pub struct Deep { pub x: u32 }
    pub trait Kind { type Deep; }
    impl Kind for u8 { type Deep = u32; }
    impl<T> Kind for (T, T) { type Deep = Deep; }
    pub struct List<T: Kind> { pub deep: T::Deep, pub more: *const List<(T, T)> }
";
/// Describes the list of bytes, and cuts that of pairs short.
const HOLDER: &str = "
    pub static mut ALL: List<u8> = List { deep: 1, more: std::ptr::null() };
    pub fn all() -> u32 { unsafe { ALL.deep } }
";
/// Describes the list of pairs.
const USER: &str = "pub fn more(list: &List<(u8, u8)>) -> u32 { list.deep.x as u32 }";

/// What is told of units that are compiled apart, when the list in a static is bound.
fn told(old: &[&str], new: &[&str]) -> Vec<String> {
    let objects =
        |units: &[&str]| -> Vec<Vec<u8>> { units.iter().map(|unit| compile(unit)).collect() };
    let (old, new) = (objects(old), objects(new));
    let read = |objects: &[Vec<u8>]| Layouts::read(objects.iter().map(Vec::as_slice)).unwrap();
    let statics = symbols(&old[0], "shop::ALL");
    let statics = statics.iter().map(String::as_str).collect();
    let bound = Bound { statics, own: vec!["shop"], ..Bound::default() };
    let found = compare(&[&read(&old)], &[&read(&new)], &[], &bound);
    found.iter().map(ToString::to_string).collect()
}

fn unit(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn a_type_cut_short_is_no_other_type() {
    let cut = unit(&[LIST, HOLDER]);
    let whole = unit(&[LIST, USER, HOLDER]);
    for (old, new) in [(&cut, &whole), (&whole, &cut), (&cut, &cut)] {
        assert_eq!(told(&[old], &[new]), [""; 0]);
    }
}

#[test]
fn what_another_unit_tells_of_a_type_cut_short_counts() {
    let holder = unit(&[LIST, HOLDER]);
    let user = unit(&[LIST, USER]);
    assert_eq!(told(&[&holder, &user], &[&holder, &user]), [""; 0]);
    let other = edit(&user, "pub x: u32", "pub x: f32");
    let told = told(&[&holder, &user], &[&edit(&holder, "pub x: u32", "pub x: f32"), &other]);
    let [told] = told.as_slice() else { panic!("{told:#?}") };
    assert!(told.starts_with("shop::Deep changed: 4 bytes as before\n  x: u32 at 0"), "{told}");
    assert!(told.contains("static shop::ALL"), "{told}");
}

/// Nothing tells what is in it: whatever has changed may be.
#[test]
fn a_type_that_is_cut_short_everywhere_may_lead_to_all_that_has_changed() {
    let other =
        "pub struct Other { pub y: u32 } pub fn other(other: &Other) -> u32 { other.y as u32 }";
    let cut = unit(&[LIST, HOLDER, other]);
    let now = edit(&cut, "pub y: u32", "pub y: f32");
    let found = told(&[&cut], &[&now]);
    assert!(found[0].starts_with("shop::Other changed: "), "{found:?}");
}

#[test]
fn a_type_cut_short_of_another_size_is_another() {
    let cut = unit(&[LIST, HOLDER]);
    let now = edit(&cut, "type Deep = Deep", "type Deep = [Deep; 9]");
    let told = told(&[&cut], &[&now]);
    // The first is described, and holds one that is not.
    let [_, told] = told.as_slice() else { panic!("{told:#?}") };
    let cut = "shop::List<((u8, u8), (u8, u8))> changed: was 16 bytes, is 48\n  reached";
    assert!(told.starts_with(cut), "{told}");
}
