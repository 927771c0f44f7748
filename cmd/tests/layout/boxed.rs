//! The boxed future of a hot `async fn` names the body's future and does not hold it.

use crate::fixture::{compile_as, edit, symbols};
use hot_cli::layout::{Bound, Layouts, compare};

/// As in the crate `hot`. `Task` stands for the future of somebody who awaits it.
const SOURCE: &str = "
    use std::{marker::PhantomData, pin::Pin, sync::Mutex};
    pub mod future {
        use super::*;
        pub struct RawFuture<T> { future: Pin<Box<dyn Future<Output = T>>> }
        pub struct HotFuture<F, T> { raw: RawFuture<T>, like: PhantomData<F> }
        pub struct Other<F, T> { raw: RawFuture<T>, like: PhantomData<F> }
        unsafe impl<F, T> Send for HotFuture<F, T> {}
        unsafe impl<F, T> Send for Other<F, T> {}
    }
    pub struct Body { held: [u8; 4] }
    pub struct Answer { n: u32 }
    pub struct Task { awaited: future::HotFuture<Body, Answer> }
    pub static TASKS: Mutex<Vec<Option<Task>>> = Mutex::new(Vec::new());
    pub fn tasks(body: Body, answer: Answer) -> usize {
        TASKS.lock().unwrap().push(None);
        body.held.len() + answer.n as usize
    }
";

fn told(source: &str, from: &str, to: &str) -> Vec<String> {
    let (old, new) = (source.to_owned(), edit(source, from, to));
    let [old, new] = [old, new].map(|source| compile_as("hot", &source, &["-g"]).object);
    let statics = symbols(&old, "hot::TASKS");
    let statics = statics.iter().map(String::as_str).collect();
    let bound = Bound { statics, own: vec!["shop"], trusted: vec!["hot"], ..Bound::default() };
    let read = |object: &[u8]| Layouts::read([object]).unwrap();
    let found = compare(&[&read(&old)], &[&read(&new)], &[], &bound);
    found.into_iter().map(|difference| difference.item).collect()
}

#[test]
fn the_future_behind_the_box_may_have_another_layout() {
    assert_eq!(told(SOURCE, "[u8; 4]", "[u8; 8]"), [""; 0]);
}

#[test]
fn what_the_future_gives_may_not_and_no_other_type_is_a_box() {
    assert_eq!(told(SOURCE, "n: u32", "n: f32"), ["hot::Answer"]);
    let other = edit(SOURCE, "awaited: future::HotFuture", "awaited: future::Other");
    assert_eq!(told(&other, "[u8; 4]", "[u8; 8]"), ["hot::Body"]);
}
