//! rustc takes no pointer to a function whose result lends `Self` for every lifetime.
use hot::hot;

trait Lend {
    type Item<'x>
    where
        Self: 'x;
    fn next<'x>(&'x mut self) -> Option<Self::Item<'x>>;
    fn left(&self) -> usize;
}

struct Windows<'t>(&'t mut [u8]);

#[hot]
impl<'t> Lend for Windows<'t> {
    type Item<'x>
        = &'x mut [u8]
    where
        Self: 'x;
    fn next<'x>(&'x mut self) -> Option<Self::Item<'x>> {
        Some(self.0)
    }
    fn left(&self) -> usize {
        self.0.len()
    }
}

/// A lifetime of the block in the bound, or a parameter.
struct Slots<T>(Vec<T>);

#[hot]
impl<T> Lend for Slots<T> {
    type Item<'x>
        = &'x T
    where
        T: 'x;
    fn next<'x>(&'x mut self) -> Option<Self::Item<'x>> {
        self.0.first()
    }
    fn left(&self) -> usize {
        self.0.len()
    }
}

fn main() {}
