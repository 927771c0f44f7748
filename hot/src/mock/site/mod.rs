//! The functions that were ever mocked, and the locks of those who change their mocks.

pub(super) mod change;
pub(super) mod fork;
mod lock;
pub(super) mod table;
