//! Refusals: why a change does not go live, each with a code that stays.
//!
//! [`Refusal`] is the one list of the kinds, with the word that events carry in `why`, the code, a
//! title and a remedy. The terminal, the events and the [`reference()`] are made from it. A
//! [`Detail`] names one item that stands in the way.

mod code;
mod detail;
mod reference;

pub use code::Refusal;
pub use detail::Detail;
pub use reference::reference;
