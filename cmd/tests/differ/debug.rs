//! The debug information of a patch, read as std and debuggers read it.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, judge, patch};
use gimli::{EndianSlice, LittleEndian};
use hot_cli::diff::Prepared;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// Where the image is said to lie.
const BASE: u64 = 0x1000_0000;

/// The file of a patch whose image lies at [`BASE`].
fn file(prepared: &Prepared) -> Vec<u8> {
    prepared.patch.debug.as_ref().expect("the patch is described").at(BASE)
}

/// Function and line of an address, and of what is inlined there, innermost first.
fn frames(elf: &[u8], address: u64) -> Vec<(String, Option<u32>)> {
    let file = object::File::parse(elf).expect("an ELF file");
    let load = |id: gimli::SectionId| {
        let data = file.section_by_name(id.name()).map_or(&[][..], |s| s.data().expect("its data"));
        Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(load).expect("debug sections");
    let context = addr2line::Context::from_dwarf(dwarf).expect("debug information");
    let mut found = context.find_frames(address).skip_all_loads().expect("frames");
    let mut frames = Vec::new();
    while let Some(frame) = found.next().expect("a frame") {
        let name = frame.function.expect("a function").demangle().expect("UTF-8").into_owned();
        let location = frame.location.expect("a location");
        // What is inlined from core stands in files of its own.
        let own = location.file.is_some_and(|file| file.ends_with("shop.rs"));
        frames.push((name, location.line.filter(|_| own)));
    }
    frames
}

/// The address of a function in the file, by a part of its path, and its size.
fn symbol(elf: &[u8], path: &str) -> Option<(u64, u64)> {
    let file = object::File::parse(elf).expect("an ELF file");
    let symbol = file.symbols().find(|symbol| {
        let name = symbol.name().expect("a name");
        format!("{:#}", rustc_demangle::demangle(name)).ends_with(path)
    });
    symbol.map(|symbol| (symbol.address(), symbol.size()))
}

/// The line of the compiled file on which some text of the edited library stands.
fn line(program: &Program, text: &str) -> u32 {
    let source = std::fs::read_to_string(program.path("shop.rs")).expect("the source");
    let index = source.lines().position(|line| line.contains(text)).expect("it stands there");
    index as u32 + 1
}

#[test]
fn what_a_patch_carries_has_its_names_lines_and_arguments_and_nothing_else_has() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let new = "\n        let twice = n + n;\n        twice ^ 1\n    ";
    let prepared = patch(judge(&mut world, &program, "n * 2", new));
    let elf = file(&prepared);

    let (level, size) = symbol(&elf, "deep::level").expect("it is carried");
    let inside: Vec<_> = (level..level + size).flat_map(|at| frames(&elf, at)).collect();
    let expected = line(&program, "let twice");
    assert!(inside.contains(&("shop::deep::level".into(), Some(expected))), "{inside:?}");
    assert!(inside.iter().all(|(name, _)| name == "shop::deep::level"), "{inside:?}");
    // An unchanged function of the same crate is not in the image, nor in the file.
    assert_eq!(symbol(&elf, "unused_by_hot"), None);
    let text = String::from_utf8_lossy(&elf);
    assert!(!text.contains("unused_by_hot"));
    assert!(text.contains("\0twice\0"), "locals of what is carried are there: {text}");

    // The unwind table stands at its place in the image.
    let parsed = object::File::parse(&*elf).expect("an ELF file");
    let frames = parsed.section_by_name(".eh_frame").expect("an unwind table");
    assert_eq!(frames.address(), BASE + prepared.patch.unwind.expect("code can unwind"));

    // One line was edited.
    assert!(elf.len() < 8192, "{} bytes for a small edit", elf.len());
}

#[test]
fn inlined_functions_are_named_in_optimised_code() {
    let program = Program::with(&["-g", "-O"]);
    let mut world = program.world(LIBRARY, MAIN);
    let edit = ("level(n) + 1", "level(n) / (n - 1)");
    let prepared = patch(judge(&mut world, &program, edit.0, edit.1));
    let elf = file(&prepared);
    let (price, size) = symbol(&elf, "__hot_price").expect("it is carried");
    let expected = line(&program, edit.1);
    let inlined = (price..price + size).map(|at| frames(&elf, at)).find(|frames| {
        frames.first().is_some_and(|f| *f == ("shop::deep::fee".into(), Some(expected)))
    });
    let frames = inlined.expect("an instruction of the inlined function");
    assert!(frames.last().is_some_and(|(name, _)| name.contains("__hot_price")), "{frames:?}");
}

#[test]
fn without_debug_information_the_names_remain() {
    let shape = hot_cli::debug::Shape {
        text: 32,
        symbols: vec![hot_cli::debug::Symbol {
            name: "_ZN4shop5totalE",
            at: 16,
            size: 16,
            is_code: true,
        }],
        frames: None,
    };
    let piece = hot_cli::debug::Piece { object: b"not an object", parts: vec![] };
    let elf = hot_cli::debug::describe(&shape, &[piece]).at(BASE);
    assert_eq!(symbol(&elf, "shop::total"), Some((BASE + 16, 16)));
}
