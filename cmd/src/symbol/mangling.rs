//! Mangled symbols: who made one, and what is appended to it.
//!
//! rustc mangles in two schemes. The older one (`_ZN4shop5TOTAL17h…E`) looks like that of C++, but
//! for the hash at its end; the newer one (`_RNv…`) is its own. Behind a mangled name stands what
//! the grammar of the newer scheme calls a vendor-specific suffix, after a dot: a part that the
//! optimiser has split off (`PAIR.0`, `total.cold`), or `.llvm.<digits>`, which ThinLTO appends to
//! a private symbol that it makes visible to other units. Those digits change whenever the unit is
//! edited. Private constants, which have no names, LLVM calls `anon.<hash>.<number>` for that; the
//! hash is over the names of what the unit makes visible.

/// Returns a symbol without the `.llvm.<digits>` at its end, if that is there.
pub fn without_llvm_suffix(symbol: &str) -> &str {
    match symbol.rsplit_once(".llvm.") {
        Some((before, digits))
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            before
        }
        _ => symbol,
    }
}

/// Returns the part of a symbol that rustc has mangled, without any vendor-specific suffix:
/// `PAIR.0` is a part of `PAIR`. A symbol that rustc did not make stays as it is.
pub fn without_vendor_suffix(symbol: &str) -> &str {
    let end = if symbol.starts_with("_ZN") {
        // The hash ends a name; before it, dots stand for colons.
        hash_end(symbol)
    } else if symbol.starts_with("_R") {
        symbol.find('.')
    } else {
        None
    };
    &symbol[..end.unwrap_or(symbol.len())]
}

/// Reports whether rustc made the symbol, so that it stands for one item of one build. Of C++,
/// several files may have something private by one name.
pub fn is_mangled(symbol: &str) -> bool {
    symbol.starts_with("_R") || symbol.starts_with("_ZN") && hash_end(symbol).is_some()
}

/// Returns where the hash of the older scheme ends: `17h`, 16 digits, `E`.
fn hash_end(symbol: &str) -> Option<usize> {
    let end = symbol.rfind("17h")? + 20;
    let (hash, last) = (symbol.get(end - 17..end - 1)?, symbol.get(end - 1..end)?);
    (last == "E" && hash.bytes().all(|b| b.is_ascii_hexdigit())).then_some(end)
}

/// Reports whether LLVM made the symbol for something private that has none, so that it stands for
/// nothing but a place in a unit.
pub fn is_anonymous(symbol: &str) -> bool {
    let rest = symbol.strip_prefix("anon.").and_then(|rest| rest.split_once('.'));
    rest.is_some_and(|(hash, number)| {
        hash.len() == 32
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Returns the demangled symbol without the hash. A symbol that rustc did not make stays as it is.
pub fn demangle(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_suffix_of_llvm_is_cut_off() {
        assert_eq!(without_llvm_suffix("_ZN4shop4SLOT17h0E.llvm.1234"), "_ZN4shop4SLOT17h0E");
        for kept in ["a.llvm.", "a.llvm.1x", "a.0", "llvm.1"] {
            assert_eq!(without_llvm_suffix(kept), kept);
        }
    }

    #[test]
    fn a_vendor_suffix_is_no_part_of_a_mangled_name() {
        let whole = "_ZN46_$LT$shop..A$u20$as$u20$core..fmt..Display$GT$3fmt1N17hb25b1f5d4b5127e6E";
        for (text, expected) in [
            (whole, whole),
            (&format!("{whole}.0"), whole),
            (&format!("{whole}.b"), whole),
            ("_RNvCskK9ONXSS8Nz_4shop4PAIR.1", "_RNvCskK9ONXSS8Nz_4shop4PAIR"),
            ("plain.1", "plain.1"),
        ] {
            assert_eq!(without_vendor_suffix(text), expected);
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
    fn what_llvm_has_named_by_a_number_is_anonymous() {
        assert!(is_anonymous("anon.0204b29a27e3e9ecc58537d97d0a5326.7"));
        for other in ["anon.7", "anon.0204.7", "anon.0204b29a27e3e9ecc58537d97d0a5326.x", "_ZN1aE"]
        {
            assert!(!is_anonymous(other), "{other}");
        }
    }
}
