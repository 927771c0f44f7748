//! Patterns of names: `shop/net/*`.

/// Reports whether the name fits the pattern. `*` stands for any letters.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        assert!(matches("shop/net/*", "shop/net/http/*Client.get"));
        assert!(matches("shop/*/ping", "shop/net/ping"));
        assert!(matches("*Cart.total", "shop/*Cart.total"));
        assert!(matches("shop::net::*", "shop::net::ping"));
        assert!(!matches("shop/net/*", "shop/network/ping"));
        assert!(!matches("shop/net/*/get", "shop/net/ping"));
        assert!(!matches("shop/net", "shop/net/ping"));
    }
}
