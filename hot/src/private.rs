//! The functions that the expansion of `#[hot]` calls. Not for people: it may change with any
//! version.

pub use crate::__hot_instance as instance;
pub use crate::future::{HotFuture, Never, RawFuture};
pub use crate::mock::expansion::*;
pub use crate::registry::{
    Called, Entry, Exact, Mocks, SignatureId, Viewer, async_sizes, exact, exact_async, sizes,
};
pub use crate::slot::Slot;
pub use crate::slot::instances::instance;
pub use hot_macros::{call_original_by_name_in, forbid_in, mock_by_name_in, mock_in};
// A dependency or a member of the user's workspace may have its name.
pub use ::core;
pub use hot_patch::abi::Kind;

use crate::error::Error;
use crate::registry;
use crate::slot::layers::{Change, commit_live};

/// Leaves the pair (slot, body) of a generic instance in the object file, for the tool. It makes no
/// instruction.
#[doc(hidden)]
#[macro_export]
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
macro_rules! __hot_instance {
    ($slot:path, $($body:tt)*) => {
        // SAFETY: two words of data in a section of their own; no register, stack or memory of the
        // program is touched.
        unsafe {
            $crate::__private::core::arch::asm!(
                ".pushsection hot_instances,\"aw\",@progbits",
                ".balign 8",
                ".quad {slot}",
                ".quad {body}",
                ".popsection",
                slot = sym $slot,
                body = sym $($body)*,
                options(nomem, nostack, preserves_flags)
            )
        }
    };
}

/// Where there is no tool, there is no use for the pair.
#[doc(hidden)]
#[macro_export]
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
)))]
macro_rules! __hot_instance {
    ($slot:path, $($body:tt)*) => {};
}

/// The type itself. As an argument here, a bare `dyn Foo` has the lifetime that it has in the
/// header of an impl, whatever stands around.
pub type Same<T> = T;

/// Stands in a branch that never runs, for the sake of types.
pub fn never() -> ! {
    unreachable!("a branch for the sake of types never runs")
}

/// Returns a value of a type, in such a branch.
pub fn any<T>() -> T {
    never()
}

/// Checks that a mock's future may go where the function's own may, in a branch that never runs:
/// `Future::of(own).like(mock)`. Where the function's own future is `Send`, the first of the two
/// methods is found, and asks the same of the mock's; elsewhere the second, which asks nothing.
pub struct Own<F>(std::marker::PhantomData<F>);

impl<F> Own<F> {
    /// Returns the type of the function's own future.
    pub fn of(_: &F) -> Self {
        Own(std::marker::PhantomData)
    }
}

/// Found first.
pub trait LikeSend {
    /// The mock's future must be `Send`.
    fn like<M: Send>(self, _: &M);
}

impl<F: Send> LikeSend for Own<F> {
    fn like<M: Send>(self, _: &M) {}
}

/// Found where the function's own future is not `Send`.
pub trait LikeAny {
    /// The mock's future may be what it is.
    fn like<M>(self, _: &M);
}

impl<F> LikeAny for &Own<F> {
    fn like<M>(self, _: &M) {}
}

/// Replaces a function in a test of this crate.
///
/// # Safety
/// `target` is a function of the type of the slot of `name`. `instance` is given exactly for a
/// generic function.
pub unsafe fn replace_for_test(
    name: &str,
    instance: Option<usize>,
    target: *const (),
) -> Result<(), Error> {
    let slot = registry::find(name)?.slot();
    // SAFETY: the caller vouches for the type; functions of the program are there for good.
    unsafe { commit_live(&[Change { slot, instance, target, patch: 0 }]) };
    Ok(())
}

/// Address of the slot of a function, in a test of this crate.
pub fn slot_for_test(name: &str) -> Result<usize, Error> {
    registry::find(name).map(|entry| entry.slot().address())
}

/// Returns the type that a function's replacement must have, in a test of this crate.
pub fn identity_for_test(name: &str) -> Result<Option<SignatureId>, Error> {
    registry::find(name).map(|entry| entry.identity())
}
