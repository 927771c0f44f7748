//! Scopes: who sees which mock, and until when.
#![cfg(feature = "mock")]

mod conditions;
mod expected;
mod forbidden;
mod local;
mod visibility;

use hot::{Error, InScope, hot};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn tax(net: u64) -> u64 {
    net / 5
}

#[hot]
async fn fetch(id: u64) -> String {
    format!("order {id}")
}

#[hot]
fn say(_text: &str) {}

#[hot]
fn counted(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn counted_too(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn counted_in_drop(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn recorded_again(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn taken_off(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn whisper(_text: &str) {}

/// What the panic of a guard says besides.
const HIDES: &str = "(an error that this test returns is hidden by this panic;";

/// A report without the places of the mocks, and without that.
fn unplaced(text: &str) -> String {
    let line = |line: &str| {
        let place = [" (mocked at ", " (forbidden at "].iter().find_map(|mark| line.rfind(mark));
        line[..place.unwrap_or(line.len())].to_owned()
    };
    let lines = text.lines().filter(|line| !line.starts_with(HIDES));
    lines.map(line).collect::<Vec<_>>().join("\n")
}

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    }
}

fn fails(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    panic_text(std::panic::catch_unwind(test).expect_err("the test was to fail"))
}

#[hot]
fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[hot]
mod net {
    pub fn ping() -> bool {
        true
    }
    pub mod http {
        pub fn get(url: &str) -> usize {
            url.len()
        }
        pub fn decode<T: Default>(_: &[u8]) -> T {
            T::default()
        }
    }
}
