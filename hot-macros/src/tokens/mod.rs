//! Scanning and rewriting of token streams.
//!
//! A type is looked at only for what the macro has to change in it: lifetimes left out, `Self`
//! and `impl Trait`. All three are plain to see in the tokens, once one knows two things: angle
//! brackets nest (and the `>` of `->` is none), and what stands in the parentheses of `Fn(…)` or
//! `fn(…)`, or after their arrow, has lifetimes of its own.

mod impl_trait;
mod lifetimes;
mod self_type;
mod walk;
mod words;

pub use impl_trait::name_impls;
pub use lifetimes::{
    constraining_lifetimes, has_elided, lifetime, lifetimes, make_static, name_elided, outlives,
    reference_lifetimes, rename_lifetimes,
};
pub use self_type::{qualify_self, replace_all, replace_self, self_paths};
pub use walk::{parts, take_until};
pub use words::{
    as_argument, find_reserved, has_macro, has_reference, is_reserved, mentions, moved_to,
    ungroup_items, without_skips,
};
