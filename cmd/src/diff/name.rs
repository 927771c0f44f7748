//! Symbol names: interned, normalised, and demangled for people.
//!
//! A name is compared many times and written down seldom, so each distinct one is kept once and
//! handled as a number. LLVM appends `.llvm.<digits>` to private symbols that it makes visible to
//! other units, with digits that change whenever the unit is edited; names are interned without it.
//! Private constants, which have no names, it calls `anon.<hash>.<number>` for that; the hash is over
//! the names of what the unit makes visible.

use std::collections::HashMap;
use std::sync::Arc;

/// An interned symbol name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(u32);

/// All names seen.
#[derive(Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, Name>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, new or known.
    pub fn intern(&mut self, text: &str) -> Name {
        let text = normalise(text);
        if let Some(&name) = self.numbers.get(text) {
            return name;
        }
        let name = Name(u32::try_from(self.texts.len()).expect("fewer than 2^32 symbols"));
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, name);
        name
    }

    /// The number of a name, if it was ever seen.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.numbers.get(normalise(text)).copied()
    }

    /// The mangled name.
    pub fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }

    /// The path that a person would write: demangled, without the hash.
    pub fn path(&self, name: Name) -> String {
        demangle(self.text(name))
    }

    /// Whether a macro has made the item for the place where it is used: such names begin, by custom,
    /// with two underscores (`__CALLSITE` is one, of `tracing`). What is of hot is not meant.
    pub fn is_made(&self, name: Name) -> bool {
        let path = self.path(name);
        let item = path.rsplit("::").next().unwrap_or(&path);
        item.starts_with("__") && !item.starts_with("__HOT_")
    }

    /// Whether two instances of one generic function are told to be for different types: in the newer
    /// mangling, which writes them out.
    pub fn says_other_types(&self, one: Name, other: Name) -> bool {
        let [one, other] = [one, other].map(|name| self.text(name));
        one.starts_with("_R") && other.starts_with("_R") && demangle(one) != demangle(other)
    }

    /// Whether rustc made the name, so that it stands for one item of one build.
    pub fn is_mangled(&self, name: Name) -> bool {
        is_mangled(self.text(name))
    }

    /// Whether LLVM made the name for something private that has none, so that it stands for nothing
    /// but a place in a unit.
    pub fn is_anonymous(&self, name: Name) -> bool {
        is_anonymous(self.text(name))
    }
}

/// Whether rustc made the name. The older mangling looks like that of C++, but for the hash at the
/// end; of C++, several files may have something private by one name.
pub fn is_mangled(text: &str) -> bool {
    text.starts_with("_R") || text.starts_with("_ZN") && hash_end(text).is_some()
}

/// Where the hash of the older mangling ends: `17h`, 16 digits, `E`.
fn hash_end(text: &str) -> Option<usize> {
    let end = text.rfind("17h")? + 20;
    let (hash, last) = (text.get(end - 17..end - 1)?, text.get(end - 1..end)?);
    (last == "E" && hash.bytes().all(|b| b.is_ascii_hexdigit())).then_some(end)
}

/// Whether LLVM made the name for something private that has none.
pub fn is_anonymous(text: &str) -> bool {
    let rest = text.strip_prefix("anon.").and_then(|rest| rest.split_once('.'));
    rest.is_some_and(|(hash, number)| {
        hash.len() == 32
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Demangles without the hash; names that rustc did not make stay as they are.
pub fn demangle(text: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(text))
}

/// A mangled name without what the optimiser has appended: `PAIR.0` is a part of `PAIR`.
pub fn stem(text: &str) -> &str {
    let end = if text.starts_with("_ZN") {
        // The hash ends a name; before it, dots stand for colons.
        hash_end(text)
    } else if text.starts_with("_R") {
        text.find('.')
    } else {
        None
    };
    &text[..end.unwrap_or(text.len())]
}

/// A name without the digits behind each `#`: rustc numbers closures and impl blocks, and the
/// numbers shift when another stands before.
pub fn unnumbered(name: &str) -> String {
    let mut after_hash = false;
    name.chars()
        .filter(|&c| {
            let number = after_hash && c.is_ascii_digit();
            after_hash = c == '#' || number;
            !number
        })
        .collect()
}

/// The name without LLVM's suffix.
pub fn normalise(text: &str) -> &str {
    match text.find(".llvm.") {
        Some(at) if text[at + 6..].bytes().all(|b| b.is_ascii_digit()) => &text[..at],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_llvm_is_no_part_of_a_name() {
        let mut names = Names::default();
        let plain = names.intern("_ZN4shop5TOTAL17h0123456789abcdefE");
        assert_eq!(names.intern("_ZN4shop5TOTAL17h0123456789abcdefE.llvm.991"), plain);
        assert_eq!(names.path(plain), "shop::TOTAL");
        assert_ne!(names.intern("a.llvm.1x"), names.intern("a"));
    }

    #[test]
    fn what_llvm_has_named_by_a_number_is_anonymous() {
        let mut names = Names::default();
        let name = names.intern("anon.0204b29a27e3e9ecc58537d97d0a5326.7.llvm.594555360410");
        assert!(names.is_anonymous(name));
        for other in ["anon.7", "anon.0204.7", "anon.0204b29a27e3e9ecc58537d97d0a5326.x", "_ZN1aE"]
        {
            assert!(!is_anonymous(other), "{other}");
        }
    }

    #[test]
    fn what_the_optimiser_appends_is_no_part_of_a_stem() {
        let whole = "_ZN46_$LT$shop..A$u20$as$u20$core..fmt..Display$GT$3fmt1N17hb25b1f5d4b5127e6E";
        for (text, expected) in [
            (whole, whole),
            (&format!("{whole}.0"), whole),
            (&format!("{whole}.b"), whole),
            ("_RNvCskK9ONXSS8Nz_4shop4PAIR.1", "_RNvCskK9ONXSS8Nz_4shop4PAIR"),
            ("plain.1", "plain.1"),
        ] {
            assert_eq!(stem(text), expected);
        }
    }

    #[test]
    fn names_of_cpp_are_not_rustcs() {
        assert!(is_mangled("_ZN4shop5TOTAL17h0123456789abcdefE"));
        assert!(is_mangled("_ZN4shop5TOTAL17h0123456789abcdefE.0"));
        assert!(is_mangled("_RNvCskK9ONXSS8Nz_4shop5TOTAL"));
        for text in ["_ZN12_GLOBAL__N_15totalE", "_ZN4shop17hidden_under_itEv", "_ZN17hE", "total"]
        {
            assert!(!is_mangled(text), "{text}");
        }
    }

    #[test]
    fn what_a_macro_made_begins_with_two_underscores() {
        let mut names = Names::default();
        let site = names.intern("_ZN4shop5total10__CALLSITE17h0123456789abcdefE");
        let slot = names.intern("_ZN4shop5total10__HOT_SLOT17h0123456789abcdefE");
        let inside = names.intern("_ZN4shop7__total5TOTAL17h0123456789abcdefE");
        assert_eq!([site, slot, inside].map(|n| names.is_made(n)), [true, false, false]);
    }
}
