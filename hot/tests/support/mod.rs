//! Replacing functions by name, as a commit of the loader would.
#![allow(dead_code, unused_macros, unused_imports)]

use hot::__private::replace_for_test;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs a block while a function is replaced; puts the original back, after a panic too.
macro_rules! replaced {
    ($name:expr, $replacement:expr, $block:block) => {{
        // SAFETY: the replacement has the type of the function, as each test writes it down.
        let _guard = unsafe { support::Replaced::new($name, None, $replacement as *const ()) };
        $block
    }};
}
pub(crate) use replaced;

/// Held by the tests of one file that replace, or call, each other's functions.
pub fn serial() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts the original back when it is dropped.
pub struct Replaced {
    name: &'static str,
    instance: Option<usize>,
    original: *const (),
}

impl Replaced {
    /// # Safety
    /// `code` is a function of the type of the slot's.
    pub unsafe fn new(name: &'static str, instance: Option<usize>, code: *const ()) -> Self {
        let slot = slot(name);
        let original = match instance {
            // SAFETY: a slot holds one pointer.
            None => unsafe { slot.cast::<*const ()>().read_volatile() },
            Some(body) => std::ptr::without_provenance(body),
        };
        // SAFETY: by the caller.
        unsafe { replace_for_test(name, instance, code) }.unwrap();
        Replaced { name, instance, original }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        // SAFETY: this was in the slot before.
        unsafe { replace_for_test(self.name, self.instance, self.original) }.unwrap();
    }
}

/// The slot of a function.
pub fn slot(name: &str) -> *const () {
    std::ptr::with_exposed_provenance(hot::__private::slot_for_test(name).unwrap())
}

/// The instances of a generic function: the addresses of all bodies of this name, from the symbol
/// table of the test itself.
#[cfg(target_os = "linux")]
pub fn instances(body: &str) -> Vec<usize> {
    use object::{Object, ObjectSymbol};
    unsafe extern "C" {
        // The linker's, at the first byte of the image.
        #[link_name = "__ehdr_start"]
        static IMAGE: u8;
    }
    let file = std::fs::read("/proc/self/exe").unwrap();
    let file = object::File::parse(&*file).unwrap();
    // Stable rustc and nightly mangle names differently.
    let is_body = |name: &str| {
        let path = format!("{:#}", rustc_demangle::demangle(name));
        without_types(&path).rsplit("::").next() == Some(body)
    };
    let base = (&raw const IMAGE).addr();
    let mut bodies: Vec<usize> = file
        .symbols()
        .filter(|symbol| symbol.is_definition() && symbol.name().is_ok_and(is_body))
        .map(|symbol| base + symbol.address() as usize)
        .collect();
    bodies.sort();
    bodies.dedup();
    bodies
}

/// Returns the path of a function without the types of the instance: `a::f` for `a::f::<fn() -> u8>`.
#[cfg(target_os = "linux")]
fn without_types(path: &str) -> &str {
    if !path.ends_with('>') {
        return path;
    }
    let mut depth = 0;
    let begin = path.char_indices().rev().find_map(|(at, mark)| {
        match mark {
            '>' if !path[..at].ends_with('-') => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    });
    begin.map_or(path, |at| path[..at].trim_end_matches("::"))
}
