//! A crate of the program's own that is called as one of the standard library's.

use crate::fixture::{compile_as, edit};
use hot_cli::layout::{Bound, Layouts, compare};

const SOURCE: &str = "
    use std::sync::Mutex;
    pub struct Order { pub id: u32, pub qty: u32 }
    pub trait Job { fn run(&self, order: &Order) -> u32; }
    pub struct Sum(pub u32);
    impl Job for Sum { fn run(&self, order: &Order) -> u32 { self.0 + order.id + order.qty } }
    pub static JOBS: Mutex<Vec<Box<dyn Job + Send>>> = Mutex::new(Vec::new());
    pub fn add(job: u32, order: &Order) -> u32 {
        JOBS.lock().unwrap().push(Box::new(Sum(job)));
        JOBS.lock().unwrap()[0].run(order)
    }
";

/// The differences after an edit, in a crate of this name that is the program's own.
fn told(krate: &str, from: &str, to: &str) -> Vec<String> {
    let (old, new) = (SOURCE.to_owned(), edit(SOURCE, from, to));
    let [old, new] = [old, new].map(|source| compile_as(krate, &source, &["-g"]).object);
    let bound = Bound { own: vec![krate], ..Bound::default() };
    let read = |object: &[u8]| Layouts::read([object]).unwrap();
    let found = compare(&[&read(&old)], &[&read(&new)], &[], &bound);
    found.into_iter().map(|difference| difference.item).collect()
}

/// An object made before the edit has the old code, which new code would hand a new `Order`.
#[test]
fn its_traits_are_not_those_of_the_standard_library() {
    for krate in ["shop", "core", "alloc", "std"] {
        let order = format!("{krate}::Order");
        assert_eq!(told(krate, "qty: u32 }", "qty: u32, pub note: u64 }"), [order], "{krate}");
        let places = told(krate, "{ fn run(", "{ fn first(&self) -> u32 { 1 } fn run(");
        let job = format!("{krate}::Job");
        assert!(places.len() == 1 && places[0].contains(&job), "{krate}: {places:?}");
        assert_eq!(told(krate, "self.0 +", "1 + self.0 +"), [""; 0], "{krate}");
    }
}
