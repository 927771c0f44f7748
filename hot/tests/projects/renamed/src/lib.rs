//! The manifest calls hot `live`, and the attribute is imported as `warm`.

use live::hot as warm;

pub struct Cart(pub u8);

#[warm]
impl Cart {
    pub fn total(&self) -> u8 {
        self.0
    }

    #[warm(skip)]
    pub const fn fee() -> u8 {
        1
    }
}

#[warm]
pub mod pricing {
    pub fn tax() -> u8 {
        5
    }

    #[warm(skip)]
    pub fn left_out() -> u8 {
        6
    }

    pub struct Price(pub u8);

    impl Price {
        pub fn get(&self) -> u8 {
            self.0
        }

        #[warm(skip)]
        pub fn skipped(&self) -> u8 {
            self.0
        }
    }
}

#[cfg_attr(all(), live::hot)]
pub fn by_path() -> u8 {
    7
}

#[test]
fn what_is_hot_and_what_is_skipped() {
    let mut names: Vec<_> = live::functions().into_iter().map(|f| f.name().to_owned()).collect();
    names.sort();
    let hot = ["*Cart.total", "by_path", "pricing/*Price.get", "pricing/tax"];
    assert_eq!(names, hot.map(|name| format!("renamed/{name}")));
    live::mock!(Cart::total, |_: &Cart| -> u8 { 9 }).unwrap();
    assert_eq!((Cart(1).total(), Cart::fee()), (9, 1));
}
