//! A fixture laid out in a folder, ready to be built and edited.
//!
//! The folders are the same at every run, so that what cargo built the last time serves again, and a
//! file lock keeps each to one test at a time. `subject/` is laid into each crate that has it, the
//! place of the crate `hot` is written into the manifests, and the repository's `Cargo.lock` goes
//! along, so that the fixtures are built with the versions that the repository is tested with.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Where the modules of `subject` stand in a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Copy {
    /// How questions call it: `library` or `binary`.
    pub name: &'static str,
    /// Its folder in the project.
    pub folder: &'static str,
    /// The beginning of its functions' names.
    pub prefix: &'static str,
}

impl Copy {
    /// The name of one of its functions, as the tool prints it.
    pub fn function(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
    /// The path of one of its files in the project.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// A fixture.
#[derive(Debug)]
pub struct Fixture {
    /// Its folder in `tests/fixtures`.
    pub name: &'static str,
    /// The arguments of `hot run` besides the manifest.
    pub selection: &'static [&'static str],
    /// Where `subject` stands in it.
    pub copies: &'static [Copy],
    /// The file of plain library functions that hot functions of the binary call.
    pub helper: Option<&'static str>,
    /// The program runs tasks of tokio.
    pub tasks: bool,
}

/// A workspace: a library crate and a binary crate that runs on tokio.
pub static SHOP: Fixture = Fixture {
    name: "shop",
    selection: &["-p", "app"],
    copies: &[
        Copy { name: "library", folder: "shop/src/subject", prefix: "shop/subject" },
        Copy { name: "binary", folder: "app/src/subject", prefix: "main/subject" },
    ],
    helper: Some("shop/src/helper.rs"),
    tasks: true,
};

/// One package with a library and a binary; `reloader_loop()` on a thread.
pub static SOLO: Fixture = Fixture {
    name: "solo",
    selection: &[],
    copies: &[
        Copy { name: "library", folder: "src/subject", prefix: "solo/subject" },
        Copy { name: "binary", folder: "src/app/subject", prefix: "main/app/subject" },
    ],
    helper: Some("src/helper.rs"),
    tasks: false,
};

/// One binary crate; `spawn_reloader()`.
pub static PLAIN: Fixture = Fixture {
    name: "plain",
    selection: &[],
    copies: &[Copy { name: "binary", folder: "src/subject", prefix: "main/subject" }],
    helper: None,
    tasks: false,
};

/// A workspace for the table of edits: a library and a binary that share a folder of sources, a
/// crate of procedural macros, one that a build script uses, one that nothing uses yet.
pub static MARKET: Fixture = Fixture {
    name: "market",
    selection: &["-p", "app"],
    copies: &[
        Copy { name: "library", folder: "goods/src/subject", prefix: "goods/subject" },
        Copy { name: "binary", folder: "app/src/subject", prefix: "main/subject" },
    ],
    helper: None,
    tasks: false,
};

/// A workspace with C in the library and in the binary. A feature chooses the allocator: `own`,
/// `mimalloc`, `jemalloc`.
pub static MIXED: Fixture = Fixture {
    name: "mixed",
    selection: &["-p", "app"],
    copies: &[
        Copy { name: "library", folder: "metal/src/subject", prefix: "metal/subject" },
        Copy { name: "binary", folder: "app/src/subject", prefix: "main/subject" },
    ],
    helper: None,
    tasks: false,
};

/// How an editor writes a file.
#[derive(Clone, Copy, Debug)]
enum Writing {
    /// To another name, then renamed.
    Rename,
    /// Over the old content.
    InPlace,
}

/// A fixture laid out. The folder is free for the next test when this is dropped.
#[derive(Debug)]
pub struct Project {
    /// Which fixture.
    pub fixture: &'static Fixture,
    /// Where the build is kept, and what is no part of the project.
    place: PathBuf,
    root: PathBuf,
    target: PathBuf,
    edits: usize,
    _lock: File,
}

/// How many tests can use one fixture at the same time. Each place is built once from the beginning.
const PLACES: usize = 2;

/// The folder of a place, and the file whose lock is the right to use it.
fn place(name: &str) -> (PathBuf, File) {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(name);
    fs::create_dir_all(&place).expect("a folder for the fixture");
    let lock = File::create(place.join("lock")).expect("a lock file");
    (place, lock)
}

/// The first of a fixture's places that is free.
fn free_place(fixture: &Fixture) -> (PathBuf, File) {
    let places: Vec<(PathBuf, File)> =
        (1..=PLACES).map(|n| place(&format!("{}-{n}", fixture.name))).collect();
    loop {
        for (place, lock) in &places {
            match lock.try_lock() {
                Ok(()) => return (place.clone(), lock.try_clone().expect("a descriptor")),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => panic!("the lock of {place:?}: {error}"),
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
}

impl Project {
    /// Lays out a fixture as it stands in the repository, in the first of its places that is free.
    pub fn lay(fixture: &'static Fixture) -> Project {
        Project::lay_where(fixture, Path::to_owned)
    }

    /// Lays its sources into the folder that is answered for the place. It is built in the place.
    pub fn lay_where(fixture: &'static Fixture, folder: impl FnOnce(&Path) -> PathBuf) -> Project {
        let (place, lock) = free_place(fixture);
        let folder = folder(&place);
        Project::lay_in(fixture, place, &folder, lock)
    }

    /// Lays it out in a folder of its own.
    pub fn lay_at(fixture: &'static Fixture, name: &str) -> Project {
        let (place, lock) = place(name);
        lock.lock().expect("the lock");
        Project::lay_in(fixture, place.clone(), &place, lock)
    }

    fn lay_in(fixture: &'static Fixture, place: PathBuf, folder: &Path, lock: File) -> Project {
        let (root, target) = (folder.join("project"), place.join("target"));
        let project = Project { fixture, place, root, target, edits: 0, _lock: lock };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let root = project.root();
        for old in [&root, &folder.join("desk")] {
            if old.exists() {
                fs::remove_dir_all(old).expect("the last run's files to go");
            }
        }
        copy_tree(&fixtures.join(fixture.name), &root);
        copy_tree(&fixtures.join("desk"), &folder.join("desk"));
        for copy in fixture.copies {
            copy_tree(&fixtures.join("subject"), &root.join(copy.folder));
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        fs::copy(repository.join("Cargo.lock"), root.join("Cargo.lock")).expect("Cargo.lock");
        let manifest = project.manifest();
        let text = fs::read_to_string(&manifest).expect("the manifest");
        let hot = repository.join("hot");
        let text = text.replace("@HOT@", hot.to_str().expect("a path in UTF-8"));
        fs::write(&manifest, text).expect("the manifest to be written");
        project
    }

    /// The folder of the project itself.
    pub fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        self.root().join("Cargo.toml")
    }

    /// Its target folder, which outlives the test.
    pub fn target(&self) -> PathBuf {
        self.target.clone()
    }

    /// Gives it another name, by a link.
    pub fn reach_target_through(&mut self, name: &str) {
        let link = self.scratch(name);
        std::os::unix::fs::symlink(&self.target, &link).expect("a link");
        self.target = link;
    }

    /// A place for a file that is not part of the project. Nothing lies there.
    pub fn scratch(&self, name: &str) -> PathBuf {
        let path = self.place.join(name);
        if path.exists() {
            fs::remove_file(&path).expect("the last run's file to go");
        }
        path
    }

    /// The content of a file.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).expect("a file of the project")
    }

    /// Saves a file, by turns as one kind of editor does and as the other.
    pub fn write(&mut self, file: &str, content: &str) {
        let writing = if self.edits.is_multiple_of(2) { Writing::Rename } else { Writing::InPlace };
        self.edits += 1;
        self.write_as(writing, file, content);
    }

    /// Saves a file so that it is never seen empty or in part: on a busy machine the tool would
    /// rightly take the rest for a second save.
    pub fn write_whole(&mut self, file: &str, content: &str) {
        self.write_as(Writing::Rename, file, content);
    }

    fn write_as(&self, writing: Writing, file: &str, content: &str) {
        let path = self.root().join(file);
        match writing {
            Writing::InPlace => fs::write(&path, content).expect("the file to be written"),
            Writing::Rename => {
                let draft = path.with_extension("rs.draft~");
                fs::write(&draft, content).expect("a draft to be written");
                fs::rename(&draft, &path).expect("the draft to be renamed");
            }
        }
    }

    /// Deletes a file.
    pub fn remove(&mut self, file: &str) {
        fs::remove_file(self.root().join(file)).expect("the file to go");
    }

    /// Replaces, in one save, each place of a file where an `old` stands. Each stands there once.
    pub fn replace(&mut self, file: &str, changes: &[(&str, &str)]) {
        let mut text = self.read(file);
        for (old, new) in changes {
            assert_eq!(text.matches(old).count(), 1, "{file} has {old:?} exactly once:\n{text}");
            text = text.replace(old, new);
        }
        self.write(file, &text);
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a file type").is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
