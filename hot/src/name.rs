//! Names that people type: the Rust path beside the name proper, and the nearest ones to a slip.
//!
//! The grammar itself is in [`hot_patch::name`].

/// Returns the Rust path of an item: `shop::cart::Cart::total` for `*Cart.total` in `shop::cart`.
/// The trait of a trait impl is left out, as a call by path would.
pub(crate) fn rust_path(module: &str, item: &str) -> String {
    let mut parts = item.trim_start_matches('*').split('.');
    let first = parts.next().unwrap_or_default();
    match parts.next_back() {
        Some(method) => format!("{module}::{first}::{method}"),
        None => format!("{module}::{first}"),
    }
}

/// How many names are suggested at most.
const SUGGESTIONS: usize = 3;
/// How alike a name has to be, from 0 to 1.
const ALIKE: f64 = 0.5;

/// Returns the names most like this one, best first.
pub(crate) fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    // Somebody who types the item alone, or a path, means the same letters.
    let letters = |name: &str| name.replace("::", "/").replace('*', "").replace('.', "/");
    let wanted = letters(wanted);
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let mut ranked: Vec<(f64, String)> = names
        .map(|name| {
            let plain = letters(&name);
            let whole = strsim::normalized_damerau_levenshtein(&wanted, &plain);
            let item = strsim::normalized_damerau_levenshtein(&last(&wanted), &last(&plain));
            (whole.max(item * 0.9), name)
        })
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    ranked.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    ranked.dedup_by(|(_, x), (_, y)| x == y);
    ranked.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::{nearest, rust_path};

    #[test]
    fn paths() {
        assert_eq!(rust_path("shop::cart", "total"), "shop::cart::total");
        assert_eq!(rust_path("shop::cart", "*Cart.total"), "shop::cart::Cart::total");
        assert_eq!(rust_path("shop::cart", "Cart.From<Order>.from"), "shop::cart::Cart::from");
    }

    #[test]
    fn suggestions() {
        let names = ["shop/cart/*Cart.total", "shop/cart/Cart.new", "shop/tax", "main/banner"];
        let near = |wanted| nearest(wanted, names.iter().map(|name| name.to_string()));
        assert_eq!(near("shop/cart/Cart.total")[0], "shop/cart/*Cart.total");
        assert_eq!(near("shop::cart::Cart::totla")[0], "shop/cart/*Cart.total");
        assert_eq!(near("baner"), ["main/banner"]);
        assert!(near("something/else/entirely").is_empty());
    }
}
