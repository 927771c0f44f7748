//! Expectations of mocks, their counts and records.

pub(super) mod diagnostics;
mod expectation;
mod failures;
pub(super) mod sequence;
mod words;

pub(super) use expectation::Expectation;
pub(super) use failures::Failures;
