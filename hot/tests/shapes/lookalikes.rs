//! Types that are called like those of the standard library, and results that a macro hides.

use hot::hot;

pub struct Option<'a>(pub &'a str);
pub struct Vec<'a>(pub &'a [u8]);
pub struct Cart(pub u8);
pub struct Page<'p>(pub &'p str);

#[hot]
impl Cart {
    pub fn receivers(&self, other: &str) -> Option {
        let _ = other;
        Option("cart")
    }
    pub fn beside_another(&self, other: Option) -> (Vec, Option) {
        let _ = other;
        (Vec(&[]), Option("cart"))
    }
    pub fn argument(&self, other: Option) -> usize {
        other.0.len()
    }
}

#[hot]
impl<'p> Page<'p> {
    pub fn receivers(&self, other: &str) -> Option {
        let _ = other;
        Option(self.0)
    }
    pub fn beside_another(&self, other: Option) -> (&str, Option) {
        let _ = other;
        (self.0, Option(self.0))
    }
    pub fn arguments(other: Option) -> Option {
        other
    }
}

#[hot]
pub fn free(other: Option) -> Option {
    other
}

macro_rules! digits {
    () => {
        impl Iterator<Item = u8>
    };
}

#[hot]
impl Cart {
    pub fn digits(&self) -> digits!() {
        [self.0 / 10, self.0 % 10].into_iter()
    }
}

#[hot]
pub fn digits() -> digits!() {
    [4, 2].into_iter()
}
