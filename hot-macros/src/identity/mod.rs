//! The type under which a replacement is checked: `for<'a> fn(&'a Cart) -> u64`.
//!
//! The type must be general in every lifetime that a caller may choose, those of
//! the impl block included: a replacement that works for one lifetime only could keep what it
//! borrowed. The type is written out from the signature, with the self type for `Self`. Where
//! that could say something else than the signature says, there is another way or none:
//!
//! - *Left-out lifetimes.* `fn iter(&self, key: &str) -> Iter` may take a lifetime from `&self`
//!   that is not to be seen, and a pointer type without `self` would not know which one is meant.
//!   Here the type is taken from two functions of the same signature instead: in an array they
//!   become pointers of their common type. The receiver is a reference, so its lifetime is general
//!   in that type; so is one that stands right after the `&` of an argument, and one that occurs in
//!   arguments alone. In the impl block of a type with lifetimes of its own no two functions are
//!   general in these. Here the compiler is asked for the result ([`named::Named::asked`]), and the type
//!   is made of that. What lifetimes an argument may hide, it would have to name: where there are
//!   such, there is no identity.
//! - *Lifetimes with bounds, or in the result alone*, are chosen when the function is named, not
//!   when it is called; pointers are not general in them. Such a function has no identity.
//! - *Bounds that the impl block implies* ([`implied`](crate::implied)) are lost where the type
//!   does not mention what implies them. It is then more general than the function: right for a
//!   replacement, which is called in fewer cases than it could be, and wrong for a call.
//! - *Generic functions* have as many types as instances, `impl Trait` has no name: no identity.
//! - *Macros* may expand to anything: the common type, or no identity.
//!
//! That the function may be called as the type says is not left to this reading of tokens: the
//! compiler has to take the function for one of that type ([`named::Named::proved`]), or the
//! program does not compile.
//!
//! For an `async fn` the output stands in the place of the result.

mod decide;
mod hidden;
mod named;

pub use decide::{Identity, of};
pub use hidden::may_have_lifetime;
