use hot::hot;

#[hot]
mod elsewhere;

fn main() {}
