//! The programs under test. They have the same modules, laid out over crates in different ways.

use crate::project::Fixture;

/// A program: a fixture whose modules are generated.
pub struct Program {
    /// Its name, and its folder in `fixtures/oracle`.
    pub name: &'static str,
    /// The files that are laid out.
    pub fixture: Fixture,
    /// Its crates, each of which may use those before it. The last one is the binary.
    pub crates: &'static [Crate],
    /// It runs on tokio.
    pub tasks: bool,
}

/// A crate of a program.
pub struct Crate {
    /// Its name.
    pub name: &'static str,
    /// The folder of its sources.
    pub folder: &'static str,
    /// The file name of its root, and the text around the list of its modules.
    pub root: (&'static str, &'static str),
    /// The modules that it begins with.
    pub modules: &'static [&'static str],
}

macro_rules! program {
    ($name:literal, $selection:expr, $tasks:literal, $($krate:literal in $folder:literal, $root:literal: $modules:expr;)*) => {
        Program {
            name: $name,
            fixture: Fixture {
                name: concat!("oracle/", $name),
                selection: $selection,
                copies: &[],
                helper: None,
                tasks: $tasks,
            },
            crates: &[$(Crate {
                name: $krate,
                folder: $folder,
                root: (
                    $root,
                    include_str!(concat!("../fixtures/oracle/", $name, "/", $folder, "/", $root)),
                ),
                modules: &$modules,
            }),*],
            tasks: $tasks,
        }
    };
}

/// A plain loop with no runtime, in one binary crate.
pub static LOOP: Program = program!("loop", &[], false,
    "app" in "src", "main.rs": ["keep", "rule", "price", "book"];);

/// Threads with channels.
pub static POOL: Program = program!("pool", &["-p", "app"], false,
    "stock" in "stock/src", "lib.rs": ["keep", "rule", "price"];
    "app" in "app/src", "main.rs": ["book"];);

/// A server on tokio.
pub static SERVER: Program = program!("server", &["-p", "app"], true,
    "stock" in "stock/src", "lib.rs": ["keep", "rule"];
    "app" in "app/src", "main.rs": ["price", "book"];);

/// A workspace of several crates.
pub static GUILD: Program = program!("guild", &["-p", "app"], false,
    "base" in "base/src", "lib.rs": ["keep"];
    "rules" in "rules/src", "lib.rs": ["rule"];
    "stock" in "stock/src", "lib.rs": ["price"];
    "app" in "app/src", "main.rs": ["book"];);

impl Program {
    /// The crate that all others can use.
    pub fn ground(&self) -> &'static Crate {
        &self.crates[0]
    }

    /// Where a crate is in the order of dependence.
    pub fn rank(&self, krate: &str) -> usize {
        let rank = self.crates.iter().position(|c| c.name == krate);
        rank.unwrap_or_else(|| panic!("no crate is called {krate}"))
    }
}
