//! Names that the macro could take the place of.
use hot::hot;

fn __hot_total() -> u64 {
    1
}

#[hot]
fn total() -> u64 {
    __hot_total()
}

#[hot]
fn __hot_name() {}

#[hot]
fn lifetime<'__hot_self>(a: &'__hot_self str) -> &'__hot_self str {
    a
}

pub struct Cart<'a>(&'a str);

#[hot]
impl<'__hot_0> From<&'__hot_0 str> for Cart<'__hot_0> {
    fn from(text: &'__hot_0 str) -> Self {
        Cart(text)
    }
}

#[hot]
fn generic<__HotArgument1>(_: __HotArgument1, _: impl Sized) {}

/// Neither a text nor a comment is a name.
#[hot]
pub fn text() -> &'static str {
    // __hot_total
    "__hot_total"
}

fn main() {}
