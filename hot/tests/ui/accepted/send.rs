//! The passing twin of `not_send.rs`.
use hot::hot;
use std::rc::Rc;

#[hot]
async fn fetch(name: String) {
    {
        let shared = Rc::new(1);
        drop(shared);
    }
    std::future::ready(name).await;
}

struct Store;

trait Fetch {
    async fn fetch(&self);
}

#[hot]
impl Fetch for Store {
    async fn fetch(&self) {
        std::future::ready(()).await;
    }
}

#[hot]
async fn generic<T: Sync + 'static>(item: &'static T) {
    std::future::ready(item).await;
}

fn spawn(_: impl Future<Output = ()> + Send + 'static) {}

fn main() {
    spawn(fetch(String::new()));
    spawn(async { Store.fetch().await });
    spawn(generic(&1));
}
