//! The scopes that threads and tasks follow, and the mocks in them.

mod current;
mod state;

pub(super) use current::{Entered, current, enter, leave, visible};
pub(super) use state::{Outcome, ScopeState};
