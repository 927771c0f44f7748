//! An rlib with a crate's metadata and no code, as long as rustc still makes the code.
//!
//! A crate that is linked into an executable is read by the compiler of the executable from its
//! rlib, and cargo therefore waits for all of it. But only the linker needs the code, and in a
//! replay nothing is linked. So the executable can be compiled as soon as the metadata of what it
//! uses is there: they are put into an archive as rustc would do it (a member `lib.rmeta`, an
//! object with the one section `.rmeta`), at the place of the rlib.
//!
//! Rustc moves the rlib to its place when it is finished. A stand-in must never take that place
//! afterwards: the old rlib is removed before rustc is started ([`clear`]), and a stand-in is put
//! only where there is nothing, which the system decides ([`put`]). Who reads the objects of a
//! crate tells a stand-in by the member [`MARK`].

use anyhow::{Context, Result};
use object::write::Object;
use object::{Architecture, BinaryFormat, Endianness, SectionKind, archive, pod};
use std::io;
use std::path::Path;

/// The member that tells a stand-in.
pub const MARK: &str = "hot.stand-in";

/// Removes the rlib of a crate that is about to be compiled.
///
/// # Errors
/// When there is one that cannot be removed.
pub fn clear(rlib: &Path) -> Result<()> {
    match std::fs::remove_file(rlib) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", rlib.display()))
        }
        _ => Ok(()),
    }
}

/// Puts a stand-in where the rlib will be, with the metadata that lie beside it. Where the rlib
/// has come in the meantime, it is left alone.
///
/// # Errors
/// When the metadata cannot be read or the file cannot be written.
pub fn put(rlib: &Path) -> Result<()> {
    let metadata = rlib.with_extension("rmeta");
    let metadata = std::fs::read(&metadata)
        .with_context(|| format!("failed to read {}", metadata.display()))?;
    let written = rlib.with_extension("stand-in");
    let told = || format!("failed to write {}", written.display());
    std::fs::write(&written, archive(&metadata)?).with_context(told)?;
    let put = std::fs::hard_link(&written, rlib);
    std::fs::remove_file(&written).with_context(told)?;
    match put {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("failed to put a file at {}", rlib.display()))
        }
        _ => Ok(()),
    }
}

fn archive(metadata: &[u8]) -> Result<Vec<u8>> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let section = object.add_section(Vec::new(), b".rmeta".to_vec(), SectionKind::Other);
    object.append_section_data(section, metadata, 1);
    let object = object.write().context("failed to put metadata into an object")?;
    let mut archive = archive::MAGIC.to_vec();
    for (name, data) in [("lib.rmeta/", &object[..]), (&format!("{MARK}/"), &[])] {
        let mut header = archive::Header {
            name: [b' '; 16],
            date: *b"0           ",
            uid: *b"0     ",
            gid: *b"0     ",
            mode: *b"644     ",
            size: [b' '; 10],
            terminator: archive::TERMINATOR,
        };
        let size = data.len().to_string();
        header.name[..name.len()].copy_from_slice(name.as_bytes());
        header
            .size
            .get_mut(..size.len())
            .context("too much metadata")?
            .copy_from_slice(size.as_bytes());
        archive.extend(pod::bytes_of(&header));
        archive.extend(data);
        // Members begin at even places.
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    Ok(archive)
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
        for name in ["liba-1.rlib", "libb-1.rlib"] {
            clear(&dir.path().join(name)).unwrap();
            put(&dir.path().join(name)).unwrap();
        }
        let main = "fn main() { println!(\"{}\", b::odd().1 + a::twice(7u8)); }";
        let program = ["--crate-name=p", "-Ldependency=.", "-Clinker=true", "-Csave-temps"];
        let externs = ["--extern=a=liba-1.rlib", "--extern=b=libb-1.rlib"];
        done(rustc(dir.path(), main, &[&program[..], &externs].concat()));
        let is_object = |name: &str| name.starts_with("p.") && name.ends_with(".rcgu.o");
        let entries =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(entries.into_iter().any(|name| is_object(&name.to_string_lossy())));
    }

    #[test]
    fn a_stand_in_takes_no_ones_place() {
        let dir = tempfile::tempdir().unwrap();
        let rlib = dir.path().join("liba.rlib");
        assert!(put(&rlib).unwrap_err().to_string().contains("liba.rmeta"));
        std::fs::write(dir.path().join("liba.rmeta"), "odd").unwrap();
        std::fs::write(&rlib, "code").unwrap();
        put(&rlib).unwrap();
        assert_eq!(std::fs::read(&rlib).unwrap(), b"code");
        clear(&rlib).unwrap();
        clear(&rlib).unwrap();
        put(&rlib).unwrap();
        let file = std::fs::read(&rlib).unwrap();
        let archive = object::read::archive::ArchiveFile::parse(&*file).unwrap();
        let names: Vec<_> = archive.members().map(|m| m.unwrap().name().to_vec()).collect();
        assert_eq!(names, [b"lib.rmeta".to_vec(), MARK.as_bytes().to_vec()]);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "the copy is gone");
        std::fs::remove_file(&rlib).unwrap();
        std::fs::create_dir(&rlib).unwrap();
        assert!(clear(&rlib).unwrap_err().to_string().contains("failed to remove"));
    }
}
