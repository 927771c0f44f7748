//! A hot function, as the program may look at it.

use super::entry::Entry;
use super::index;
use crate::slot::layers::{self, Layer};

/// A hot function of this program.
#[derive(Clone)]
pub struct Function {
    name: String,
    entry: &'static Entry,
}

impl Function {
    pub(crate) fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// Returns its name in the registry, such as `shop/cart/*Cart.total`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its type as written in the source, such as `fn(&Cart) -> u64`.
    pub fn signature(&self) -> &'static str {
        self.entry.text().signature
    }

    /// Returns the source file, as the compiler was given it.
    pub fn file(&self) -> &'static str {
        self.entry.text().file
    }

    /// Returns the line of its name in that file, from 1.
    pub fn line(&self) -> u32 {
        self.entry.line()
    }

    /// Which code it runs now. Of a generic function, the topmost layer of any instance.
    pub fn layer(&self) -> Layer {
        layers::layer_of(self.entry.slot()).0
    }

    /// Returns the live edit that it runs: the number of the patch in this process, from 1. `None`
    /// for the original code, for code of a shared library, for a hot patch and for a mock.
    pub fn patch(&self) -> Option<u32> {
        let (layer, patch) = layers::layer_of(self.entry.slot());
        (layer == Layer::Live && patch != 0).then_some(patch)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("signature", &self.signature())
            .field("file", &self.file())
            .field("line", &self.line())
            .field("layer", &self.layer())
            .field("patch", &self.patch())
            .finish()
    }
}

/// Returns all hot functions of the program, sorted by name. Empty when hot is built without its
/// feature `enabled`.
///
/// ```
/// use hot::hot;
///
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// # fn main() {
/// for function in hot::functions() {
///     let place = format!("{}:{}", function.file(), function.line());
///     println!("{} {} at {place}", function.name(), function.signature());
/// }
/// # assert_eq!(price(2), 6);
/// # #[cfg(feature = "enabled")]
/// # assert!(hot::functions().iter().any(|f| f.signature() == "fn(u64) -> u64"));
/// # }
/// ```
pub fn functions() -> Vec<Function> {
    let function = |entry: &'static Entry| Function { name: entry.text().name(), entry };
    let mut functions: Vec<Function> = index::all_entries().into_iter().map(function).collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name).then(a.line().cmp(&b.line())));
    functions
}
