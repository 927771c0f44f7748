//! A mock that lies on a function, and a call that is inside it.

use super::find::{Asked, search, state};
use super::shim::Found;
use super::tally::Tally;
use super::target::{Key, Target};
use crate::registry::SignatureId;
use crate::slot::reentry::{InClosure, Working};
use crate::slot::{Code, MockSite};
use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What a mock does with a call.
pub(super) enum Answer {
    /// Runs a function of the function's own type.
    Plain(Code),
    /// Runs code that is given the mock itself before the function's arguments.
    Closure { code: Code, closures: Closures, asynchronous: bool },
    /// Counts, and lets the call through.
    Spy,
    /// Panics.
    Forbidden,
}

/// A mock on a function.
pub(crate) struct Installed {
    pub(super) answer: Answer,
    pub(super) target: Target,
    pub(super) tally: Arc<Tally>,
    /// How many were made before it.
    number: u64,
    /// Of an instance: who asked for it last. There is one function with this item; its bodies are
    /// copies of one another.
    asked: OnceLock<(&'static MockSite, TypeId)>,
    body: AtomicPtr<()>,
}

impl Installed {
    pub(super) fn new(answer: Answer, target: Target, tally: Arc<Tally>) -> Arc<Installed> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        // Relaxed: a number, and no two the same.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let body = AtomicPtr::default();
        Arc::new(Installed { answer, target, tally, number, asked: OnceLock::new(), body })
    }

    /// Whether it lies below another one, which is no longer there to be found: of scopes, the older
    /// one; below all of these, the process-wide one of an instance, and that of all instances.
    pub(super) fn lies_below(&self, gone: &Installed) -> bool {
        let of_one = |installed: &Installed| matches!(installed.target.key, Key::Instance(_));
        match (self.tally.is_scoped(), gone.tally.is_scoped()) {
            (true, true) => self.number < gone.number,
            (false, false) => of_one(gone) && !of_one(self),
            (scoped, _) => !scoped,
        }
    }

    /// Whether it was made for this function, or one of these functions.
    pub(super) fn is_for(&self, site: &'static MockSite) -> bool {
        self.target.sites.iter().any(|of| std::ptr::eq(*of, site))
    }

    /// Keeps what is needed to let a call of an instance through.
    pub(super) fn remember(&self, asked: Asked) {
        if let Some(item) = asked.item {
            let _ = self.asked.set((asked.site, item));
            // Relaxed: the address of code that was there from the start of the program, or that
            // this thread has just come from.
            self.body.store(asked.body.cast_mut(), Ordering::Relaxed);
        }
    }

    /// Whether its closure is not to be entered from within. The call of an `async` one is not over
    /// when its code returns, and the allocator makes none.
    fn is_entered_once(&self) -> bool {
        // Relaxed: see `find::take`.
        let by_allocator =
            |site: &&'static MockSite| state(site).by_allocator.load(Ordering::Relaxed);
        !matches!(self.answer, Answer::Closure { asynchronous: true, .. })
            && self.target.sites.iter().any(by_allocator)
    }

    fn asked(&self) -> Asked {
        match self.asked.get() {
            Some(&(site, item)) => {
                let body = self.body.load(Ordering::Relaxed);
                Asked { site, item: Some(item), name: "", body }
            }
            None => {
                let site = self.target.sites[0];
                Asked { site, item: None, name: "", body: std::ptr::null() }
            }
        }
    }
}

/// What the user has given: the closure, the condition, the recorder, in a tuple whose type the code
/// of the mock knows.
pub(super) struct Closures(Option<Box<dyn Erased>>);

trait Erased {}
impl<T> Erased for T {}

impl Closures {
    /// Forgets the type and its lifetimes.
    ///
    /// # Safety
    /// The result is dropped, and no longer used, before anything that `T` borrows ends. It goes to
    /// other threads only if `T` is `Send` and `Sync`.
    unsafe fn new<'a, T: 'a>(closures: T) -> Closures {
        let closures: Box<dyn Erased + 'a> = Box::new(closures);
        // SAFETY: the types differ in a lifetime only, and the caller vouches for that.
        let closures = unsafe {
            std::mem::transmute::<Box<dyn Erased + 'a>, Box<dyn Erased + 'static>>(closures)
        };
        Closures(Some(closures))
    }
}

// SAFETY: by the promise of `new`.
unsafe impl Send for Closures {}
// SAFETY: as above.
unsafe impl Sync for Closures {}

/// How often what a captured value panicked with may panic when it is dropped, before it is left.
const PANICS: usize = 4;

impl Drop for Closures {
    fn drop(&mut self) {
        // The last call out may be the one who drops it: a panic in what was captured is printed
        // like any other, but is not that caller's.
        let closures = self.0.take();
        let mut panic = catch_unwind(AssertUnwindSafe(|| drop(closures))).err();
        // What it panicked with may itself panic when it is dropped, and so on: not for ever.
        for _ in 0..PANICS {
            let Some(payload) = panic.take() else { return };
            panic = catch_unwind(AssertUnwindSafe(|| drop(payload))).err();
        }
        std::mem::forget(panic);
    }
}

/// A mock of which the type is known, not yet on a function.
pub struct Typed<T> {
    pub(super) shape: Shape,
    closures: T,
}

/// What is to be compared with the function.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    code: Code,
    pub signature: SignatureId,
    /// The code answers a boxed future.
    pub asynchronous: bool,
}

impl<T> Typed<T> {
    /// A mock of type `P`.
    ///
    /// # Safety
    /// `code` is a function of type `P` with a `*const ()` before its other arguments, of the ABI of
    /// Rust, general in every lifetime in which `P` is; when `asynchronous`, its result is a
    /// [`RawFuture`](crate::future::RawFuture) of that of `P`, which may go wherever a future of the
    /// function that is mocked may. It hands its first argument to [`Call::enter`], once, and asks
    /// the call for closures of type `T` only.
    pub unsafe fn new<P: 'static>(code: *const (), closures: T, asynchronous: bool) -> Typed<T> {
        let signature = SignatureId::of::<P>();
        Typed { shape: Shape { code: Code(code), signature, asynchronous }, closures }
    }

    /// What a function that it is put on does with a call.
    ///
    /// # Safety
    /// As of [`Closures::new`].
    pub(super) unsafe fn answer(self) -> Answer {
        // SAFETY: the caller's promise.
        let closures = unsafe { Closures::new(self.closures) };
        Answer::Closure { code: self.shape.code, closures, asynchronous: self.shape.asynchronous }
    }
}

/// A call that is inside a mock with closures, and keeps it there.
pub struct Call {
    installed: Arc<Installed>,
    began: bool,
    panicking: bool,
    /// Of a function that the allocator calls.
    _inside: Option<InClosure>,
}

impl Call {
    /// Takes over what a shim was given.
    ///
    /// # Safety
    /// `data` is what a shim was given with the code that calls this; it is handed over once.
    pub unsafe fn enter(data: *const ()) -> Call {
        // SAFETY: the search has turned a counted reference into this pointer, and nobody else has
        // it.
        let installed = unsafe { Arc::from_raw(data.cast::<Installed>()) };
        let inside = installed.is_entered_once().then(InClosure::enter);
        Call { installed, began: false, panicking: false, _inside: inside }
    }

    /// What the user has given.
    ///
    /// # Safety
    /// `T` is the type that the mock was made with.
    pub unsafe fn closures<T>(&self) -> &T {
        match &self.installed.answer {
            Answer::Closure { closures: Closures(Some(closures)), .. } => {
                // SAFETY: by the promise.
                unsafe { &*std::ptr::from_ref(&**closures).cast::<T>() }
            }
            _ => unreachable!("code with data has closures"),
        }
    }

    /// The mock answers this call: it is counted, and held against what is expected.
    pub fn begin(&mut self) {
        self.panicking = std::thread::panicking();
        let _working = Working::begin();
        self.installed.tally.begin();
        self.began = true;
    }

    /// Keeps what the user wants kept of the arguments.
    pub fn record<T: Send + 'static>(&self, value: T) {
        let _working = Working::begin();
        self.installed.tally.record(Box::new(value));
    }

    /// The mock does not answer this call: what does.
    pub fn pass(self) -> Found {
        let _working = Working::begin();
        self.installed.tally.note_passed();
        search(self.installed.asked(), Some(&self.installed))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.began && !self.panicking && std::thread::panicking() {
            self.installed.tally.note_panic();
        }
    }
}
