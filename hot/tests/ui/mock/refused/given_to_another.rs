//! What the macro makes of a closure is for the function that it names. A scope of the user's making
//! gets hold of it, but cannot put it on another one; nor does it see what another module sees.
use hot::hot;
use hot::__private::{Item, SignatureId, Typed, Viewer, put_closure, put_closure_by_name};

#[hot]
pub fn pass<T>(number: u64, _: T) -> u64 {
    number
}

#[hot]
pub fn keep<T>(text: &str, _: T) -> String {
    text.to_owned()
}

struct Forged<'a>(&'a hot::Scope);

impl Forged<'_> {
    fn __put<T: Send + Sync + 'static>(
        &self,
        _: Item,
        typed: Typed<T>,
        exact: Option<fn() -> SignatureId>,
    ) -> Result<hot::Mock, hot::Error> {
        self.0.__put(Item::of(&keep::<u8>), typed, exact)
    }
}

struct ByName<'a>(&'a hot::Scope);

impl ByName<'_> {
    fn __put_by_name<T: Send + Sync + 'static>(
        &self,
        _: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<hot::Mock, hot::Error> {
        self.0.__put_by_name("other", viewer, typed)
    }
}

struct Process;

impl Process {
    fn __put<T: Send + Sync + 'static, E>(
        &self,
        _: Item,
        typed: Typed<T>,
        _: E,
    ) -> Result<hot::Mock, hot::Error> {
        put_closure(Item::of(&keep::<u8>), typed, None)
    }

    fn __put_by_name<T: Send + Sync + 'static>(
        &self,
        _: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<hot::Mock, hot::Error> {
        put_closure_by_name("other", viewer, typed)
    }
}

struct Local<'a, 'env>(&'a hot::Local<'env>);

impl<'env> Local<'_, 'env> {
    fn __put<T: 'env, E>(
        &self,
        _: Item,
        typed: Typed<T>,
        _: E,
    ) -> Result<hot::Mock, hot::Error> {
        self.0.__put(Item::of(&keep::<u8>), typed, None)
    }

    fn __put_by_name<T: 'env>(
        &self,
        _: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<hot::Mock, hot::Error> {
        self.0.__put_by_name("other", viewer, typed)
    }
}

/// To be another module than one is.
fn another_module() -> Viewer {
    Viewer::new("other::module", 1)
}

fn main() {
    let scope = hot::scope();
    let forged = Forged(&scope);
    hot::mock!(in forged, pass::<u8>, |number: u64, _: u8| -> u64 { number }).unwrap();
}
