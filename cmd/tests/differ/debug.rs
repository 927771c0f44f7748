//! The debug information of a patch, read as std and debuggers read it.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, judge, patch};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

#[test]
fn dump() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let prepared = patch(judge(&mut world, &program, "n * 2", "{\n    let twice = n + n;\n    twice\n}"));
    let debug = prepared.patch.debug.as_ref().expect("it is described");
    eprintln!("patch {} elf {} addresses {}", prepared.patch.to_bytes().len(), debug.elf.len(), debug.addresses.len());
    let elf = debug.at(0x1000_0000);
    std::fs::write("/tmp/dbg-p.elf", &elf).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    for s in file.sections() { eprintln!("{} {}", s.name().unwrap(), s.size()); }
    for s in file.symbols() { eprintln!("{} {:x}", s.name().unwrap(), s.address()); }
}
