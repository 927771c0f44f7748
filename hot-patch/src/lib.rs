//! The vocabulary of the tool and the running program.
//!
//! The tool (`hot run`) decides and explains; the runtime (crate `hot`, inside the program)
//! verifies and applies. Everything that crosses between them is defined here, once:
//!
//! - [`patch`]: the patch file, a relocatable image bound to one build;
//! - [`message`]: the frames on the control socket;
//! - [`abi`]: what the `#[hot]` macro leaves in a program (sections, the registry entry, the
//!   names of generated items), which the tool reads back from object files;
//! - [`name`]: the grammar of names such as `shop/cart/*Cart.total`;
//! - [`codec`]: the bounded reader and writer under the first two.
//!
//! The crate has no `unsafe` code and no platform code.

#![forbid(unsafe_code)]

pub mod abi;
pub mod codec;
pub mod message;
pub mod name;
pub mod patch;
