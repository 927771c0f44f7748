//! Comparing a mock with the function that it is for.
//!
//! A mock is run by callers that know the function's type only, so it must be of that very type,
//! general in each lifetime that a caller may choose. For an ordinary function the type that the
//! user has written is compared, lifetimes and all, with the one in the function's entry, when the
//! mock is put on. A generic function has as many types as instances: there the compiler compares,
//! where the macro stands. Types with lifetimes that neither can compare are refused.

use crate::error::Error;
use crate::mock::install::Shape;
use crate::mock::target::{Target, is_async, lookup};
use crate::registry::{Entry, SignatureId};

/// The type that the compiler has found an item to have where it is mocked. `None` where it was not
/// asked.
pub type Exact = Option<fn() -> SignatureId>;

/// The remedy for a mock of an `async fn` that is not `async`.
const ASYNC_CLOSURE: &str = "an `async` closure: hot::mock!(f, async |…| -> … { … })";

/// A function pointer: `fake as fn(&Cart) -> u64`.
///
/// Every type of function pointer has it, general in its lifetimes or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function pointer",
    label = "write the type: `fake as fn(&Cart) -> u64`; for a closure use `hot::mock!`"
)]
pub trait FunctionPointer: std::fmt::Pointer + Copy + 'static {}
impl<P: std::fmt::Pointer + Copy + 'static> FunctionPointer for P {}

/// Compares a mock with the function that it is for.
pub(super) fn check(target: &mut Target, shape: Shape, exact: Exact) -> Result<(), Error> {
    lookup::refuse_promises(target)?;
    let Shape { signature, asynchronous, .. } = shape;
    let with = if asynchronous { "a closure that is not `async`" } else { ASYNC_CLOSURE };
    let wrong = |name| Err(Error::AsyncMismatch { name, is: !asynchronous, with });
    let Some(entry) = target.entry else {
        let all = target.sites.len();
        target.keep_kind(asynchronous);
        if target.sites.is_empty() && all > 0 {
            return wrong(target.name.clone());
        }
        lookup::refuse_lifetimes(target)?;
        match exact.map(|exact| exact()) {
            Some(exact) if exact.id == signature.id => return Ok(()),
            Some(exact) => {
                return Err(Error::SignatureMismatch {
                    name: target.name.clone(),
                    expected: exact.name.to_owned(),
                    given: signature.name.to_owned(),
                });
            }
            None => {}
        }
        let why = if asynchronous {
            "an instance of a generic `async fn` is meant by its types, as in `load::<u32>` or \
             `hot::mock!(instance load, …)`, is not `unsafe`, and its arguments have no lifetimes \
             but that of an outer `&`; otherwise put the call into a `#[hot]` function that is not \
             generic, or spy on it"
        } else {
            "an instance of a generic function is meant by its types: write them, as in \
             `parse::<u32>`, or where they are inferred `hot::mock!(instance parse, …)`"
        };
        return Err(Error::CannotMock { name: target.name.clone(), why: why.to_owned() });
    };
    if entry.kind().is_some_and(is_async) != asynchronous {
        return wrong(target.name.clone());
    }
    match entry.identity() {
        Some(identity) if identity.id == signature.id => Ok(()),
        Some(_) => Err(Error::SignatureMismatch {
            name: target.name.clone(),
            expected: entry.text().signature.to_owned(),
            given: signature.name.to_owned(),
        }),
        None if entry.kind().is_some_and(hot_patch::abi::Kind::is_generic) => {
            Err(Error::CannotMock {
                name: target.name.clone(),
                why: "its name stands for all instances, which differ in type; mock one by its \
                      path, such as `parse::<u32>`"
                    .to_owned(),
            })
        }
        None => Err(Error::CannotMock {
            name: target.name.clone(),
            why:
                "its type has no name (`impl Trait` in the result, lifetimes with bounds, or ones that \
                  are left out in an argument and the result: write `'_` there); spy on it, forbid \
                  it, or put the call into a `#[hot]` function of a plain type"
                    .to_owned(),
        }),
    }
}

/// Returns the address of a function pointer, when it is of the type of the function's slot.
pub(super) fn pointer_to<P: FunctionPointer>(
    entry: &'static Entry,
    pointer: P,
) -> Result<*const (), Error> {
    let name = entry.text().name();
    if entry.kind().is_some_and(is_async) {
        return Err(Error::AsyncMismatch { name, is: true, with: ASYNC_CLOSURE });
    }
    let given = SignatureId::of::<P>();
    match entry.identity() {
        Some(identity) if identity.id == given.id => {
            // SAFETY: `P` is the function's pointer type, since their IDs are equal; a function
            // pointer is an address.
            Ok(unsafe { std::mem::transmute_copy::<P, *const ()>(&pointer) })
        }
        Some(_) => Err(Error::SignatureMismatch {
            name,
            expected: entry.text().signature.to_owned(),
            given: given.name.to_owned(),
        }),
        None => Err(Error::CannotMock {
            name,
            why:
                "its type has no name (it is generic, has `impl Trait` in its result, lifetimes with \
                  bounds, or ones that are left out in an argument and the result: write `'_` there)"
                    .to_owned(),
        }),
    }
}
