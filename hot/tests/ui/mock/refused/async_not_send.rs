//! The future of the function is `Send`, so that of its mock must be.
use hot::hot;
use std::rc::Rc;

#[hot]
pub async fn fetch(id: u64) -> u64 {
    id
}

fn main() {
    hot::mock!(fetch, async |id: u64| -> u64 {
        let shared = Rc::new(id);
        std::future::ready(()).await;
        *shared
    })
    .unwrap();
}
