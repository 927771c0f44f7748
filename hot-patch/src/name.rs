//! The grammar of names: `package/module/*Type.Method`.
//!
//! A name is the module path with `::` written `/`, a `/`, and the item. The root module of a
//! binary's own crate is written `main`, so that a library and a binary of one package do not
//! collide. The macro builds the item part (it sees the syntax); this module joins the two, and
//! translates the Rust path that people may type instead.

/// Joins a module path and an item to a name.
///
/// ```
/// use hot_patch::name::compose;
/// assert_eq!(compose("shop::cart", false, "*Cart.total"), "shop/cart/*Cart.total");
/// assert_eq!(compose("app::net", true, "dial"), "main/net/dial");
/// ```
pub fn compose(module: &str, binary: bool, item: &str) -> String {
    let mut name = String::with_capacity(module.len() + item.len() + 1);
    for (index, segment) in module.split("::").enumerate() {
        name.push_str(if binary && index == 0 { "main" } else { segment });
        name.push('/');
    }
    name.push_str(item);
    name
}
