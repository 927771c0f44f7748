//! Programs for the differ's tests: a library and a binary, built by rustc from source text.
//!
//! `#[hot]` is written out by a small `macro_rules!`, so that these tests depend on the entry's
//! layout (`hot_patch::abi`) and not on the macro crate.

use hot_cli::diff::{Archives, CrateObjects, DiffError, DiffSession, Guards};
use object::read::archive::ArchiveFile;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands before each library source. SAFETY (of what it declares): entries are never written, and
/// a slot holds code of the function that it stands in.
const PRELUDE: &str = r#"
#![allow(dead_code, non_upper_case_globals)]
#[repr(C)] pub struct Entry { abi: u16, kind: u16, line: u32, slot: &'static Slot, original: *const (), text: *const u8, len: usize, identity: Option<fn() -> Identity>, sizes: *const [u64; 2], sizes_len: usize, mocks: [usize; 5] }
unsafe impl Sync for Entry {}
pub type Identity = &'static str;
pub fn identity<F: 'static>() -> Identity { std::any::type_name::<F>() }
#[repr(transparent)] pub struct Slot(pub std::sync::atomic::AtomicPtr<()>);
macro_rules! hot {
    ($vis:vis fn $name:ident / $body:ident ($($arg:ident: $ty:ty),*) -> $ret:ty $code:block) => {
        #[inline] $vis fn $name($($arg: $ty),*) -> $ret {
            fn $body($($arg: $ty),*) -> $ret $code
            #[unsafe(link_section = "hot_slots")] static __HOT_SLOT: crate::Slot = crate::Slot(std::sync::atomic::AtomicPtr::new($body as *const () as *mut ()));
            const TEXT: &str = concat!(module_path!(), "\0\0", stringify!($name), "\0", stringify!(fn($($ty),*) -> $ret), "\0", file!(), "\0");
            const __HOT_SIZES: &[[u64; 2]] = &[$([size_of::<$ty>() as u64, align_of::<$ty>() as u64],)* [size_of::<$ret>() as u64, align_of::<$ret>() as u64]];
            #[used] #[unsafe(link_section = "hot_entries")] static __HOT_ENTRY: crate::Entry = crate::Entry {
                abi: 4, kind: 0, line: line!(), slot: &__HOT_SLOT, original: $body as *const (), text: TEXT.as_ptr(), len: TEXT.len(), identity: Some(crate::identity::<fn($($ty),*) -> $ret>), sizes: __HOT_SIZES.as_ptr(), sizes_len: __HOT_SIZES.len(), mocks: [0; 5] };
            let f: fn($($ty),*) -> $ret = unsafe { std::mem::transmute(__HOT_SLOT.0.load(std::sync::atomic::Ordering::Relaxed)) };
            f($($arg),*)
        }
    };
}
"#;

/// A built program in a folder of its own.
pub struct Program {
    folder: tempfile::TempDir,
    /// Arguments of every compilation.
    flags: Vec<&'static str>,
}

impl Program {
    /// An empty folder.
    pub fn new() -> Program {
        Program::with(&["-g"])
    }

    /// An empty folder, where everything is compiled with these flags.
    pub fn with(flags: &[&'static str]) -> Program {
        Program { folder: tempfile::tempdir().expect("a temporary folder"), flags: flags.to_vec() }
    }

    /// A file of the program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where [`Program::world`] links the executable.
    pub fn executable(&self) -> PathBuf {
        self.path("main")
    }

    fn rustc(&self, args: &[&str]) {
        let out = Command::new("rustc")
            .arg("--edition=2024")
            .args(&self.flags)
            .args(args)
            .current_dir(self.folder.path())
            .output()
            .expect("rustc runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Compiles files of C into the archive `native`, as the crate `cc` does: for a program with
    /// the flags `-lstatic=native -L.`
    pub fn native(&self, files: &[(&str, &str)]) {
        let run = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            let status = command.args(args).current_dir(self.folder.path()).status();
            assert!(status.is_ok_and(|status| status.success()), "{program} {args:?}");
        };
        let flags = ["-g", "-fPIC", "-ffunction-sections", "-fdata-sections", "-c"];
        for (name, text) in files {
            std::fs::write(self.path(&format!("{name}.c")), text).expect("written");
            run("cc", &[&flags[..], &[&format!("{name}.c")]].concat());
            run("ar", &["rcs", "libnative.a", &format!("{name}.o")]);
        }
    }

    /// Compiles the library `shop`.
    pub fn library(&self, source: &str) -> CrateObjects {
        std::fs::write(self.path("shop.rs"), format!("{PRELUDE}{source}")).expect("written");
        let mut args = vec!["--crate-type=rlib"];
        // Without a word on it: as cargo's dev profile does.
        if !self.flags.iter().any(|flag| flag.contains("codegen-units")) {
            args.extend(["-Ccodegen-units=16", "-Cincremental=inc"]);
        }
        args.push("shop.rs");
        self.rustc(&args);
        CrateObjects {
            key: "shop-1".into(),
            name: "shop".into(),
            objects: members(&self.path("libshop.rlib")),
            split: Default::default(),
        }
    }

    /// Compiles and links the binary against the library, and reads both as what runs.
    pub fn world(&self, library: &str, main: &str) -> DiffSession {
        self.try_world(library, main).expect("the world is read")
    }

    /// As [`Program::world`], with what the differ says to it.
    pub fn try_world(&self, library: &str, main: &str) -> Result<DiffSession, DiffError> {
        let shop = self.link(library, main);
        DiffSession::new(&self.executable(), vec![shop], self.archives())
    }

    /// Compiles and links the binary against the library, and answers the library's objects.
    pub fn link(&self, library: &str, main: &str) -> CrateObjects {
        let shop = self.library(library);
        std::fs::write(self.path("main.rs"), main).expect("written");
        self.rustc(&["--extern=shop=libshop.rlib", "main.rs"]);
        shop
    }

    /// What runs when the binary was linked, with some guards.
    pub fn guarded(&self, objects: CrateObjects, guards: Guards) -> Result<DiffSession, DiffError> {
        DiffSession::guarded(&self.executable(), vec![objects], self.archives(), guards)
    }

    /// As [`Program::world`], where the binary's objects are the program's own as well.
    pub fn whole(&self, library: &str, main: &str) -> DiffSession {
        let shop = self.library(library);
        let main = self.binary(main);
        DiffSession::new(&self.path("main"), vec![shop, main], self.archives())
            .expect("the world is read")
    }

    /// Compiles and links the binary against the library as it was compiled last.
    pub fn binary(&self, main: &str) -> CrateObjects {
        std::fs::write(self.path("main.rs"), main).expect("written");
        let flags = ["--extern=shop=libshop.rlib", "--emit=link,obj", "-Ccodegen-units=1"];
        self.rustc(&[&flags[..], &["main.rs"]].concat());
        let object = std::fs::read(self.path("main.o")).expect("the object");
        CrateObjects {
            key: "main-1!".into(),
            name: "main".into(),
            objects: vec![("main".into(), object)],
            split: Default::default(),
        }
    }

    /// The sysroot's archives.
    pub fn archives(&self) -> Archives {
        let out =
            Command::new("rustc").args(["--print", "target-libdir"]).output().expect("rustc runs");
        let folder = String::from_utf8(out.stdout).expect("a path");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder.trim())
            .expect("the sysroot")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "rlib"))
            .collect();
        paths.sort();
        Archives { paths, shared: Vec::new() }
    }
}

fn members(rlib: &Path) -> Vec<(String, Vec<u8>)> {
    let data = std::fs::read(rlib).expect("the rlib");
    let archive = ArchiveFile::parse(&data[..]).expect("an archive");
    archive
        .members()
        .map(|member| member.expect("a member"))
        .filter_map(|member| {
            let name = String::from_utf8_lossy(member.name()).into_owned();
            // shop.<unit>.<session>-cgu… : the unit is stable. What is not rustc's is named
            // plainly.
            let unit = match name.strip_suffix(".rcgu.o") {
                Some(name) => name.split('.').nth(1)?.to_owned(),
                None => Some(name).filter(|name| name.ends_with(".o"))?,
            };
            Some((unit, member.data(&data[..]).expect("its data").to_vec()))
        })
        .collect()
}
