//! One call of a mocked function: from the shim to what it runs.

mod bypass;
mod call;
mod found;
mod search;
mod shim;

pub(super) use bypass::Bypass;
pub use call::Call;
pub use found::Found;
pub use search::find_instance;
pub use shim::*;
