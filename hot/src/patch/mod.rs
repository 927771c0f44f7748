//! Hot patches: a fix goes into a running process, and comes out again.
//!
//! A patch is a `cdylib` that names new code for hot functions, written by hand (below), or
//! whatever
//! [`replace!`](crate::replace) names. [`load`] puts it on top of what those functions run,
//! [`unload`] takes it out again, [`list`] says which are in. Several patches may replace one
//! function: the newest is called, any of them can be unloaded in any order, and what lies below is
//! called again. A live edit lies below all patches, a mock above them.
//!
//! ```text
//! file ─ read once ─ SHA-256 = its ID ─ open ─ check: symbols, names, types, hooks
//!        ─ hp_before_load ─ commit, all or none ─ recorded ─ hp_after_load
//! ```
//!
//! Callers never wait: a call that is under way finishes on the code that it began with, also when
//! that is unloaded meanwhile. So the code of a patch stays mapped for the life of the process.
//! Loads and unloads wait for one another.
//!
//! # A patch by hand
//!
//! A crate of type `cdylib`, built in the program's workspace with the same profile and features:
//!
//! ```
//! hot::patch!(); // once in the crate: it allocates as the program does
//!
//! #[hot::patch_fn]
//! pub fn new_price(quantity: u64) -> u64 {
//!     quantity * 2
//! }
//!
//! #[hot::patch_fn]
//! pub fn hp_before_load() -> Result<(), hot::patch::HookError> {
//!     println!("about to change the price");
//!     Ok(())
//! }
//! # fn main() { assert_eq!(new_price(2), 4); assert!(hp_before_load().is_ok()); }
//! ```
//!
//! Whoever loads it says what it replaces: `{"new_price": "shop/price"}` is
//! [`Config::replace_config`]. A function that is neither named there nor a hook is left alone.
//!
//! # Hooks
//!
//! `hp_before_load`, `hp_after_load`, `hp_before_unload` and `hp_after_unload`, each optional, of
//! type `fn() -> Result<(), HookError>`. An error, a panic or a time-out of one of the first kind
//! stops the operation with nothing changed; of `hp_after_load`, it undoes the load; of
//! `hp_after_unload`, it is reported, and the patch is out. A hook runs on a thread of its own,
//! which is left behind when its time is over ([`set_hook_timeout`]).

mod config;
mod error;
mod hook;
mod load;
mod loaded;
mod serial;
mod unload;

pub use config::{Config, Info};
pub use error::{HookFailure, PatchError};
#[doc(hidden)]
pub use hook::{Hook, said};
pub use hook::{HookError, set_hook_timeout};
pub use load::load;
pub use loaded::list;
pub use unload::unload;
