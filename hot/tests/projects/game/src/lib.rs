//! Depends on a crate that re-exports hot, and not on hot.

use engine::live;

#[live(crate = engine::hot)]
pub fn damage(of: &str) -> usize {
    of.len()
}

pub struct Player(pub u8);

#[live(crate = engine::hot)]
impl Player {
    pub async fn name(&self) -> String {
        self.0.to_string()
    }

    #[live(skip)]
    pub fn skipped(&self) -> u8 {
        self.0
    }
}

#[live(crate = engine::hot)]
pub mod rules {
    pub fn lives<T: Into<u8>>(more: T) -> u8 {
        more.into() + 1
    }
}

#[test]
fn mocks() {
    let mut names: Vec<_> =
        engine::hot::functions().into_iter().map(|f| f.name().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["game/*Player.name", "game/damage", "game/rules/lives"]);
    engine::hot::mock!(damage, |_: &str| -> usize { 9 }).unwrap();
    engine::hot::mock!(rules::lives::<u8>, |_: u8| -> u8 { 9 }).unwrap();
    engine::hot::mock_by_name!("game/*Player.name", async |_: &Player| -> String { "a".into() })
        .unwrap();
    assert_eq!((damage("a"), rules::lives(1u8)), (9, 9));
    let below = engine::hot::call_original_by_name!("game/damage", fn(&str) -> usize, "ab");
    assert_eq!(below.unwrap(), 2);
}
