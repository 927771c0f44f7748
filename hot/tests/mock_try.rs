#![cfg(feature = "enabled")]
use hot::hot;
#[hot]
fn price(q: u64) -> u64 { q * 3 }
struct Cart(u64);
#[hot]
impl Cart { fn total(&self) -> u64 { self.0 } }
#[hot]
fn make<T: Default + std::fmt::Debug>(_: T) -> String { format!("{:?}", T::default()) }
#[hot]
fn any(_: impl Into<String>) -> u8 { 1 }
#[hot]
async fn fetch(n: u64) -> u64 { n }
fn free(_: &Cart) -> u64 { 0 }
#[test]
fn plain() {
    hot::mock(Cart::total, free as fn(&Cart) -> u64).unwrap();
    assert_eq!(Cart(3).total(), 0);
    assert_eq!(hot::call_original(Cart::total, (&Cart(3),)), Ok(3));
    hot::reset(Cart::total).unwrap();
    assert_eq!(Cart(3).total(), 3);
    assert_eq!(price(2), 6);
    assert_eq!(make(1u8), "0");
    assert_eq!(any("a"), 1);
    let s = hot::scope();
    let spy = s.spy(make::<u8>).unwrap();
    let spy2 = s.spy(price).unwrap();
    assert_eq!(make(1u8), "0");
    assert_eq!(price(2), 6);
    assert_eq!((spy.calls(), spy2.calls()), (1, 1));
    let _ = fetch(1);
}
