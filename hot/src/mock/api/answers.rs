//! Results one after another.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The results of a mock, one for each call.
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn roll() -> u8 {
///     6
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// let answers = hot::Answers::new([1, 2]);
/// hot::mock!(in scope, roll, move || -> u8 { answers.next() })?.times(2);
/// assert_eq!((roll(), roll()), (1, 2));
/// # Ok(())
/// # }
/// ```
pub struct Answers<T> {
    left: Mutex<VecDeque<T>>,
}

impl<T> Answers<T> {
    /// These results, in this order.
    pub fn new(answers: impl IntoIterator<Item = T>) -> Self {
        Answers { left: Mutex::new(answers.into_iter().collect()) }
    }

    /// The next one.
    ///
    /// # Panics
    /// When there are no more.
    pub fn next(&self) -> T {
        let next = self.left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        next.expect("a mock was called more often than it has answers")
    }
}
