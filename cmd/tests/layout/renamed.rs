//! Fields that go by another name or may be named from elsewhere, and enums that gain a variant: what
//! moves no value passes, unless somebody may look for the type by its `TypeId`.

use crate::fixture::{differences, edit};

const SHOP: &str = r#"
    use std::sync::Mutex;
    pub mod goods {
        pub struct Order { pub id: u64, pub qty: u32, note: (u16, u16) }
        pub enum Shape { Dot, Rect { w: u32, h: u32 } }
        pub fn order() -> Order { Order { id: 1, qty: 2, note: (3, 4) } }
        pub fn sum(order: &Order) -> u64 { order.id + order.qty as u64 + order.note.1 as u64 }
        pub fn rect() -> Shape { Shape::Rect { w: 1, h: 2 } }
    }
    use goods::*;
    pub struct Holder { pub order: Order }
    pub static OPEN: Mutex<Vec<Order>> = Mutex::new(Vec::new());
    pub static FORM: Mutex<Shape> = Mutex::new(Shape::Dot);
    pub static MOVE: Mutex<Option<Box<dyn Fn() -> u64 + Send>>> = Mutex::new(None);
    pub fn total(order: &Order) -> u64 {
        OPEN.lock().unwrap().push(goods::order());
        *FORM.lock().unwrap() = goods::rect();
        sum(order)
    }
    // more
"#;

fn told(edits: &[(&str, &str)], more: &str) -> Vec<String> {
    let old = edit(SHOP, "// more", more);
    let new = edits.iter().fold(old.clone(), |new, (from, to)| edit(&new, from, to));
    let statics = ["shop::OPEN", "shop::FORM"];
    let found = differences(&old, &new, &statics, &[]);
    found.iter().map(ToString::to_string).collect()
}

const RENAMED: [(&str, &str); 1] = [("qty", "quantity")];

#[test]
fn a_field_renamed_at_its_place_is_no_difference() {
    assert_eq!(told(&RENAMED, ""), [""; 0]);
    assert_eq!(told(&[("w: u32", "width: u32"), ("w: 1", "width: 1")], ""), [""; 0]);
    // All of them at once.
    assert_eq!(told(&[("qty", "quantity"), ("note", "remark"), ("id", "number")], ""), [""; 0]);
}

#[test]
fn a_field_that_may_be_named_from_elsewhere_is_no_difference() {
    assert_eq!(told(&[(" note: (u16, u16)", " pub note: (u16, u16)")], ""), [""; 0]);
    assert_eq!(told(&[("pub qty: u32", "pub(super) qty: u32")], ""), [""; 0]);
}

/// Beside each edit that passes stands one that does not.
#[test]
fn what_is_more_than_a_name_is_a_difference() {
    for (edits, expected) in [
        // Another type at the place, of the size.
        (
            &[
                ("pub qty: u32", "pub quantity: f32"),
                (".qty", ".quantity"),
                ("qty: 2", "quantity: 2.0"),
            ][..],
            "+ quantity: f32 at 8\n  - qty: u32 at 8",
        ),
        // Two fields change names: each is where the other was.
        (
            &[("w: u32, h: u32", "h: u32, w: u32"), ("w: 1, h: 2", "h: 1, w: 2")],
            "Rect.h: u32 at 8    →  u32 at 4\n  Rect.w: u32 at 4    →  u32 at 8",
        ),
        // One is gone, and its neighbour has its name.
        (
            &[("note: (u16, u16)", "note: u64"), ("(3, 4)", "3"), ("note.1", "note")],
            "note: (u16, u16) at",
        ),
    ] {
        let told = told(edits, "").join("\n");
        assert!(told.contains(expected), "{told}");
    }
}

/// The compiler makes the `TypeId` of the names: what was kept under the old one is not found again.
#[test]
fn a_renamed_field_counts_where_a_type_id_may_be_looked_for() {
    for (more, found) in [
        ("pub fn id(any: &dyn std::any::Any) -> bool { any.is::<Order>() }", true),
        ("pub fn id(any: &dyn std::any::Any) -> bool { any.is::<Vec<Order>>() }", true),
        ("pub fn id(any: &dyn std::any::Any) -> bool { any.is::<(u8, &'static Order)>() }", true),
        ("pub fn boxed() -> Box<dyn std::any::Any> { Box::new(order()) }", true),
        // It knows nothing of the types of fields.
        ("pub fn id(any: &dyn std::any::Any) -> bool { any.is::<Holder>() }", false),
    ] {
        for edits in [&RENAMED[..], &[(" note: (u16, u16)", " pub note: (u16, u16)")]] {
            let told = told(edits, more);
            assert_eq!(told.len(), usize::from(found), "{more}: {told:?}");
            if let Some(told) = told.first() {
                let line = match edits == RENAMED {
                    true => "16 bytes as before\n  qty renamed to quantity: u32 at 8",
                    false => "note: private    →  public",
                };
                assert!(told.starts_with("shop::goods::Order changed: "), "{told}");
                assert!(told.contains(line), "{told}");
            }
        }
    }
}

/// What a closure captures has the name of the variable.
#[test]
fn another_captured_variable_is_a_difference() {
    let source = |captured: &str| {
        format!(
            "pub fn pick() -> impl Fn() -> u32 {{ let (a, b) = (1u32, 2u32); \
             let f = move || {captured}; std::hint::black_box((a, b)); f }} \
             pub struct Held<F>(pub F); pub fn held() -> u32 {{ (Held(pick()).0)() }}"
        )
    };
    let found = differences(&source("a"), &source("b"), &[], &["shop::pick"]);
    assert!(
        found.iter().any(|told| told.changes == ["+ b: u32 at 0", "- a: u32 at 0"]),
        "{found:?}"
    );
}

#[test]
fn a_variant_more_is_told_as_one_whatever_the_enum_held() {
    let source = |variants: &str| {
        format!(
            "pub enum Level {{ {variants} }} use Level::*; \
             pub static mut LEVEL: Option<Level> = Some(Low); \
             pub fn level() -> usize {{ unsafe {{ size_of_val(&*&raw const LEVEL) }} }}"
        )
    };
    for (was, now, expected) in [
        ("Low", "Low, High", &["+ variant High"][..]),
        ("Low, High", "Low", &["- variant High"]),
        ("Low, High", "Low, High, Other(u32)", &["+ variant Other"]),
        ("Low, Other(u32)", "Low, Other", &["- Other.0: u32 at 4"]),
        ("Low, High", "Low, High, Top", &["+ Top = 2"]),
        ("Low, High", "Low, Top", &["High renamed to Top = 1"]),
        ("Low, High(u32)", "Low, Top(u32)", &["variant High renamed to Top"]),
    ] {
        let found = differences(&source(was), &source(now), &["shop::LEVEL"], &[]);
        let [told] = found.as_slice() else { panic!("{was} → {now}: {found:#?}") };
        assert_eq!(
            (told.item.as_str(), told.changes.as_slice()),
            ("shop::Level", &*owned(expected))
        );
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}
