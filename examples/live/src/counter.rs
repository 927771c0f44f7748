//! The counter and what the server answers about it. Edit this file while the server runs.

use axum::response::{IntoResponse, Response};
use hot::hot;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much one visit to `/increment` adds.
const STEP: u64 = 1;

/// A counter in memory. It lives as long as the process does, whatever happens to its code.
#[derive(Default)]
pub struct Counter {
    value: AtomicU64,
}

/// One answer of the server: a line of text.
pub struct Answer(String);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

#[hot]
impl Counter {
    /// Answers `/increment`.
    pub fn increment(&self) -> Answer {
        // Relaxed: the number stands alone, it guards no other memory.
        self.value.fetch_add(STEP, Ordering::Relaxed);
        Answer("Incremented!".to_owned())
    }

    /// Answers `/get`.
    pub fn get(&self) -> Answer {
        Answer(line(self.value.load(Ordering::Relaxed)))
    }
}

/// The counter as `/get` shows it.
fn line(value: u64) -> String {
    format!("Counter: {value}")
}
