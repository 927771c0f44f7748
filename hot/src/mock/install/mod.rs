//! Mocks that lie on functions.

mod answer;
mod callee;
mod installed;
pub(super) mod process_wide;
mod typed;

pub(super) use answer::Answer;
pub(super) use callee::Callee;
pub(super) use installed::Installed;
pub(super) use typed::Shape;
pub use typed::Typed;
