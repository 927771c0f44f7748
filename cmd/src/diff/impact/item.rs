//! Items as a person wrote them, of paths that the compiler made.

use crate::symbol::as_written;

/// Reports whether the item of a path, or what it implements, is of one of these crates.
pub(super) fn is_own(path: &str, crates: &[String]) -> bool {
    let own = |text: &str| {
        crates
            .iter()
            .any(|name| text.strip_prefix(name.as_str()).is_some_and(|r| r.starts_with("::")))
    };
    let bare = path.trim_start_matches(['<', '&', '[', '(']);
    let bare = bare.strip_prefix("mut ").unwrap_or(bare);
    let implemented = path.starts_with('<').then(|| path.split_once(" as ")).flatten();
    own(bare) || implemented.is_some_and(|(_, of)| own(of))
}

/// Returns the item that a path belongs to, if it is one of these crates: closures and what
/// `#[hot]` has made belong to the function around them.
pub(super) fn item(path: &str, crates: &[String]) -> Option<String> {
    if !is_own(path, crates) {
        return None;
    }
    let mut item = path;
    for inner in ["::{{closure}}", "::{closure"] {
        item = item.split(inner).next().unwrap_or(item);
    }
    // A closure as what implements a trait: `<shop::FIRST::{closure#0} as FnOnce<()>>::call_once`.
    if item.matches('<').count() > item.matches('>').count() {
        item = item.trim_start_matches('<');
    }
    // A hot impl of a trait stands in a block of its own.
    let made = item.split_once("::_::<impl ").and_then(|(_, header)| {
        let (header, method) = header.rsplit_once(">::")?;
        let (of, it) = header.split_once(" for ")?;
        Some(format!("<{it} as {of}>::{method}"))
    });
    Some(as_written(made.as_deref().unwrap_or(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_what_the_person_wrote() {
        let crates = ["shop".to_owned()];
        let item = |path| item(path, &crates);
        assert_eq!(item("shop::cart::total").as_deref(), Some("shop::cart::total"));
        assert_eq!(item("shop::cart::total::__hot_total").as_deref(), Some("shop::cart::total"));
        assert_eq!(item("shop::Cart::__hot_total").as_deref(), Some("shop::Cart::total"));
        assert_eq!(item("shop::Cart::__hotbox_load").as_deref(), Some("shop::Cart::load"));
        assert_eq!(item("shop::Cart::__hot_box_load").as_deref(), Some("shop::Cart::box_load"));
        assert_eq!(item("shop::run::{{closure}}::{{closure}}").as_deref(), Some("shop::run"));
        for (path, of) in [
            ("<shop::FIRST::{closure#0} as core::ops::FnOnce<()>>::call_once", "shop::FIRST"),
            ("<shop::Cart>::total::{closure#0}", "<shop::Cart>::total"),
        ] {
            assert_eq!(item(path).as_deref(), Some(of));
        }
        assert_eq!(
            item("shop::run::__hot_run::RATE::{{closure}}").as_deref(),
            Some("shop::run::RATE")
        );
        assert_eq!(
            item("<shop::Cart as core::fmt::Display>::fmt").as_deref(),
            Some("<shop::Cart as core::fmt::Display>::fmt")
        );
        for hot in [
            "<shop::Cart as shop::cart::_::__HotDisplay>::__hot_fmt",
            "shop::cart::_::<impl Display for shop::Cart>::fmt",
            "shop::cart::_::<impl Display for shop::Cart>::fmt::__HOT_SLOT",
        ] {
            assert_eq!(item(hot).as_deref(), Some("<shop::Cart as Display>::fmt"));
        }
        assert_eq!(item("core::ptr::drop_in_place<shop::Cart>"), None);
        assert_eq!(item("shopping::total"), None);
    }
}
