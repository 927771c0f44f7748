//! An rlib with a crate's metadata and no code, as long as rustc still makes the code.
//!
//! A crate that is linked into an executable is read by the compiler of the executable from its
//! rlib, and cargo therefore waits for all of it. But only the linker needs the code, and in a
//! replay nothing is linked. So the executable can be compiled as soon as the metadata of what it
//! uses is there: they are put into an archive as rustc would do it (a member `lib.rmeta`, an
//! object with the one section `.rmeta`).
//!
//! Stand-ins lie in a folder of their own, and what cargo has made stays where and as it is. The
//! command of the executable is told of them: `--extern` names the stand-in of what it uses itself,
//! and what that uses is looked for in the folder too ([`StubFolder::instead`]). Where an old rlib
//! is found beside, rustc tells the two apart by the hash that the metadata are asked for by.
//! Neither option counts for the incremental session.

use crate::build::rustc::{CrateArgs, RustcInvocation};
use anyhow::{Context, Result};
use object::write::Object;
use object::{Architecture, BinaryFormat, Endianness, SectionKind, archive, pod};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a program's stand-ins.
#[derive(Clone, Debug)]
pub struct StubFolder(PathBuf);

impl StubFolder {
    /// The folder for a program, below its target folder. It need not be there.
    pub fn of(program: &CrateArgs) -> StubFolder {
        let (target, profile) = program.target_folder();
        StubFolder(target.join("hot/stand-ins").join(profile).join(&program.key))
    }

    /// A folder for a test.
    #[cfg(test)]
    pub(super) fn at(path: PathBuf) -> StubFolder {
        StubFolder(path)
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Removes all of them.
    ///
    /// # Errors
    /// When the folder is there and cannot be removed.
    pub fn clear(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    /// Puts one there, with the metadata that lie beside the place of the rlib.
    ///
    /// # Errors
    /// When the metadata cannot be read or the file cannot be written.
    pub fn put(&self, rlib: &Path) -> Result<()> {
        let metadata = rlib.with_extension("rmeta");
        let metadata = std::fs::read(&metadata)
            .with_context(|| format!("failed to read {}", metadata.display()))?;
        let file = self.place(rlib);
        let write = || {
            std::fs::create_dir_all(&self.0)?;
            std::fs::write(&file, archive(&metadata)?).context("its file")
        };
        write().with_context(|| format!("failed to write {}", file.display()))
    }

    /// The arguments of the program's command with the stand-ins that are there in the place of
    /// what they stand for.
    pub fn instead(&self, record: &RustcInvocation) -> Vec<String> {
        let mut args = record.args.clone();
        for arg in &mut args {
            // `--extern name=path`, in one argument or in two.
            let Some((before, path)) = arg.rsplit_once('=') else { continue };
            let place = self.place(&record.cwd.join(path));
            if path.ends_with(".rlib") && place.exists() {
                *arg = format!("{before}={}", place.display());
            }
        }
        args.extend(["-L".to_owned(), format!("dependency={}", self.0.display())]);
        args
    }

    fn place(&self, rlib: &Path) -> PathBuf {
        self.0.join(rlib.file_name().unwrap_or_default())
    }
}

fn archive(metadata: &[u8]) -> Result<Vec<u8>> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let section = object.add_section(Vec::new(), b".rmeta".to_vec(), SectionKind::Other);
    object.append_section_data(section, metadata, 1);
    let object = object.write().context("failed to put metadata into an object")?;
    let mut header = archive::Header {
        name: *b"lib.rmeta/      ",
        date: *b"0           ",
        uid: *b"0     ",
        gid: *b"0     ",
        mode: *b"644     ",
        size: [b' '; 10],
        terminator: archive::TERMINATOR,
    };
    let size = object.len().to_string();
    let place = header.size.get_mut(..size.len()).context("too much metadata")?;
    place.copy_from_slice(size.as_bytes());
    Ok([&archive::MAGIC, pod::bytes_of(&header), &object].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    fn rustc(folder: &Path, source: &str, args: &[&str]) -> Output {
        std::fs::write(folder.join("source.rs"), source).unwrap();
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.args(["source.rs", "--edition=2024"]).args(args).current_dir(folder).output().unwrap()
    }

    /// A chain of two libraries of which there are only metadata, and the program that uses both.
    #[test]
    fn rustc_compiles_a_program_with_stand_ins() {
        let dir = tempfile::tempdir().unwrap();
        let library = ["--crate-type=lib", "--emit=metadata,link", "-Ldependency=."];
        let done = |output: Output| {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
        };
        let a = "pub fn twice<T: Into<u64>>(n: T) -> u64 { n.into() * 2 }\
                 pub struct Odd; pub fn odd() -> Odd { Odd }";
        let a_args = ["--crate-name=a", "-Cextra-filename=-1"];
        done(rustc(dir.path(), a, &[&library[..], &a_args].concat()));
        let b = "pub fn odd() -> (a::Odd, u64) { (a::odd(), a::twice(3u8)) }";
        let b_args = ["--crate-name=b", "-Cextra-filename=-1", "--extern=a=liba-1.rmeta"];
        done(rustc(dir.path(), b, &[&library[..], &b_args].concat()));
        // Old ones, of which the metadata say something else.
        let folder = StubFolder(dir.path().join("stand-ins"));
        for name in ["liba-1.rlib", "libb-1.rlib"] {
            folder.put(&dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name), "no archive").unwrap();
        }
        let program = ["--crate-name=p", "-Ldependency=.", "-Clinker=true", "-Csave-temps"];
        let externs = ["--extern=a=liba-1.rlib", "--extern", "b=libb-1.rlib"];
        let record = RustcInvocation {
            program: String::new(),
            args: [&program[..], &externs].concat().iter().map(|&a| a.to_owned()).collect(),
            cwd: dir.path().to_owned(),
            env: std::collections::BTreeMap::new(),
        };
        let main = "fn main() { println!(\"{}\", b::odd().1 + a::twice(7u8)); }";
        let args = folder.instead(&record);
        done(rustc(dir.path(), main, &args.iter().map(String::as_str).collect::<Vec<_>>()));
        let is_object = |name: &str| name.starts_with("p.") && name.ends_with(".rcgu.o");
        let entries =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(entries.into_iter().any(|name| is_object(&name.to_string_lossy())));
    }

    #[test]
    fn only_what_is_there_stands_in() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StubFolder(dir.path().join("stand-ins"));
        folder.clear().unwrap();
        let rlib = dir.path().join("liba.rlib");
        assert!(folder.put(&rlib).unwrap_err().to_string().contains("liba.rmeta"));
        std::fs::write(dir.path().join("liba.rmeta"), "odd").unwrap();
        folder.put(&rlib).unwrap();
        assert!(!rlib.exists());
        let args = ["--extern", "noprelude:a=liba.rlib", "--extern=b=libb.rlib", "--cfg=a=\"a\""];
        let record = RustcInvocation {
            program: String::new(),
            args: args.map(str::to_owned).to_vec(),
            cwd: dir.path().to_owned(),
            env: std::collections::BTreeMap::new(),
        };
        let path = dir.path().join("stand-ins");
        let a = format!("noprelude:a={}", path.join("liba.rlib").display());
        let search = format!("dependency={}", path.display());
        assert_eq!(folder.instead(&record), ["--extern", &a, args[2], args[3], "-L", &search]);
        folder.clear().unwrap();
        assert_eq!(folder.instead(&record)[..4], args);
    }
}
