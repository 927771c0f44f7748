use hot::hot;

mod core {
    #[hot::hot]
    pub fn price() -> u64 {
        1
    }
}

#[hot]
fn price() -> u64 {
    core::price()
}

fn main() {
    let _ = hot::mock!(std::process::id, || -> u32 { 1 });
    let _ = hot::mock!(::core::mem::drop, |_: u8| {});
    // Not of the standard library, and hot.
    let _ = hot::mock!(core::price, || -> u64 { 2 });
    price();
}
