//! The message of a panic that was caught.

use std::any::Any;

/// Returns the message that a panic's payload holds.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no words were given")
}
