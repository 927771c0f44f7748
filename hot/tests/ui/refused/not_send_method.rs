//! As `not_send.rs`, for a method of a trait.
use hot::hot;
use std::rc::Rc;

struct Store;

trait Fetch {
    async fn fetch(&self);
}

#[hot]
impl Fetch for Store {
    async fn fetch(&self) {
        let shared = Rc::new(1);
        std::future::ready(()).await;
        drop(shared);
    }
}

fn spawn(_: impl Future<Output = ()> + Send + 'static) {}

fn main() {
    spawn(async { Store.fetch().await });
}
