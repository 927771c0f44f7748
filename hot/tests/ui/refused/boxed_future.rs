//! The box of an async method's future has forgotten what it borrows: it is not called in passing.
use hot::hot;

pub struct Shop;

#[hot]
impl Shop {
    pub async fn load(&self, name: &str) -> usize {
        name.len()
    }
}

fn main() {
    let _kept = {
        let name = String::from("gone");
        Shop.__hotbox_load(&name)
    };
}
