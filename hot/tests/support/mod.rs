//! Replacing functions by name, as a commit of the loader would.
#![allow(dead_code, unused_macros, unused_imports)]

use hot::__private::replace_for_test;

/// Runs a block while a function is replaced; puts the original back, after a panic too.
macro_rules! replaced {
    ($name:expr, $replacement:expr, $block:block) => {{
        // SAFETY: the replacement has the type of the function, as each test writes it down.
        let _guard = unsafe { support::Replaced::new($name, None, $replacement as *const ()) };
        $block
    }};
}
pub(crate) use replaced;

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

/// The instances of a generic function, as the trampolines left them in `hot_instances`: each body
/// once.
#[cfg(target_os = "linux")]
pub fn instances(name: &str) -> Vec<usize> {
    unsafe extern "C" {
        #[link_name = "__start_hot_instances"]
        static START: [usize; 2];
        #[link_name = "__stop_hot_instances"]
        static STOP: [usize; 2];
    }
    let (start, stop) = (&raw const START, &raw const STOP);
    let count = (stop.addr() - start.addr()) / size_of::<[usize; 2]>();
    // SAFETY: between the linker's symbols lie pairs of words.
    let pairs = unsafe { std::slice::from_raw_parts(start, count) };
    let slot = slot(name).addr();
    let mut bodies: Vec<usize> =
        pairs.iter().filter(|pair| pair[0] == slot).map(|pair| pair[1]).collect();
    bodies.sort();
    bodies.dedup();
    bodies
}
