//! A task that asks for `Send` refuses a hot future exactly where it refuses the function's own.
use hot::hot;
use std::rc::Rc;

#[hot]
async fn local() {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn spawn(_: impl Future<Output = ()> + Send + 'static) {}

fn main() {
    spawn(local());
}
