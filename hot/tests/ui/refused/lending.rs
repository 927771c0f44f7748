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

fn main() {}
