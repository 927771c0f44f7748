use hot::hot;

#[hot(fast)]
fn one() {}

#[hot(skip, skip)]
fn two() {}

#[hot("name")]
fn three() {}

#[hot]
fn four(#[cfg(all())] _: u8) {}

fn main() {}
