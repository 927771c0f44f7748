//! Mocks that only some of the work sees.
//!
//! Each thread has a *current scope*, and each scope the one it was made in: a list that a call
//! walks from the inside out. To follow a scope is to have it as the current one for a time: on the
//! thread that made it until it is dropped, elsewhere through a [`ScopeHandle`], for a task at each
//! poll.
//!
//! The mocks of a scope end with it, everywhere: what still follows it then sees what lies below. A
//! call that is inside a mock at that moment finishes there.
//!
//! *Mocks that borrow* ([`Local`]) end when [`Scope::with`] returns, so nothing may be inside them
//! any more: they are met on the thread that made them only, whatever follows the scope elsewhere,
//! and none may be `async`. So every call that met one has returned to the thread that is about to
//! leave `with`.

use super::installed::Installed;
use super::tally::{Failures, Tally};
use super::target::Key;
use super::{Mock, change, find, why};
use crate::error::Error;
use crate::registry::Viewer;
use crate::slot::{layers, reentry};
use arc_swap::{ArcSwap, Guard};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{JoinHandle, ThreadId};

/// The mocks of a scope; of each function the newest last.
type Mocks = HashMap<Key, Vec<Arc<Installed>>>;

/// What a scope and those who follow it share.
pub(crate) struct Inner {
    parent: Option<Arc<Inner>>,
    mocks: ArcSwap<Mocks>,
    tallies: Mutex<Vec<Arc<Tally>>>,
    failures: Arc<Failures>,
    closed: AtomicBool,
    /// The only thread on which its mocks are met; everywhere when there is none.
    thread: Option<ThreadId>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Inner>>> = const { RefCell::new(None) };
}

/// The scope that this thread follows.
pub(super) fn current() -> Option<Arc<Inner>> {
    // A thread that is being taken down follows none.
    CURRENT.try_with(|current| current.borrow().clone()).ok()?.and_then(visible)
}

/// This scope, or the first one around it whose mocks are met here.
fn visible(scope: Arc<Inner>) -> Option<Arc<Inner>> {
    match scope.thread {
        Some(thread) if thread != std::thread::current().id() => scope.parent(),
        _ => Some(scope),
    }
}

/// Makes a scope the current one; answers the one that was.
fn enter(scope: Option<Arc<Inner>>) -> Option<Arc<Inner>> {
    CURRENT.try_with(|current| current.replace(scope)).ok().flatten()
}

/// Follows a scope until it is dropped.
struct Entered {
    before: Option<Arc<Inner>>,
}

impl Entered {
    fn new(scope: Arc<Inner>) -> Entered {
        Entered { before: enter(Some(scope)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(enter(self.before.take()));
    }
}

impl Inner {
    fn new(thread: Option<ThreadId>) -> Arc<Inner> {
        let parent = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
        Arc::new(Inner {
            parent,
            mocks: ArcSwap::default(),
            tallies: Mutex::default(),
            failures: Failures::new(),
            closed: AtomicBool::new(false),
            thread,
        })
    }

    /// The scope around it whose mocks are met here.
    pub(super) fn parent(&self) -> Option<Arc<Inner>> {
        self.parent.clone().and_then(visible)
    }

    /// Its mocks. A guard of one that is bound to a thread is held on that thread only.
    pub(super) fn mocks(&self) -> Guard<Arc<Mocks>> {
        self.mocks.load()
    }

    pub(super) fn failures(&self) -> &Arc<Failures> {
        &self.failures
    }

    /// Puts mocks on. The old table may hold the last reference to nothing: every mock in it is in
    /// the new one.
    pub(super) fn add(&self, added: Vec<Arc<Installed>>) -> Result<(), Error> {
        let _change = change();
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::ScopeIsOver);
        }
        let mut mocks = Mocks::clone(&self.mocks.load());
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        for installed in added {
            for site in &installed.target.sites {
                // Relaxed: a hint to those who count for people.
                find::state(site).scoped.fetch_add(1, Ordering::Relaxed);
                layers::retain_shim(site);
            }
            tallies.push(installed.tally.clone());
            mocks.entry(installed.target.key).or_default().push(installed);
        }
        drop(self.mocks.swap(Arc::new(mocks)));
        reentry::allocate();
        Ok(())
    }

    /// Takes off the mock with this tally.
    pub(super) fn remove(&self, tally: &Arc<Tally>) {
        let is = |installed: &Arc<Installed>| Arc::ptr_eq(&installed.tally, tally);
        let removed = {
            let _change = change();
            let mut mocks = Mocks::clone(&self.mocks.load());
            mocks.values_mut().for_each(|stack| stack.retain(|installed| !is(installed)));
            let before = self.mocks.swap(Arc::new(mocks));
            before.values().flatten().filter(|i| is(i)).for_each(release_shim);
            before
        };
        // Outside of the lock, since it may run the user's code.
        drop(removed);
    }

    /// Takes all mocks off; later ones are refused.
    fn close(&self) {
        let removed = {
            let _change = change();
            self.closed.store(true, Ordering::Relaxed);
            let before = self.mocks.swap(Arc::default());
            before.values().flatten().for_each(release_shim);
            before
        };
        if self.thread.is_some() {
            let mut removed = removed;
            let lone = Arc::get_mut(&mut removed).is_some_and(|mocks| {
                mocks.values_mut().flatten().all(|installed| Arc::get_mut(installed).is_some())
            });
            if !lone {
                // What the mocks borrow is about to end. This cannot be, see above; were it so,
                // there would be no way out.
                eprintln!("hot: a mock that borrows is still in use at the end of `with`");
                std::process::abort();
            }
            return drop(removed);
        }
        drop(removed);
    }

    /// What is not as expected, after the end.
    fn verdict(&self) -> Vec<String> {
        let tallies =
            std::mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner));
        self.failures_of(&tallies)
    }

    fn failures_of(&self, tallies: &[Arc<Tally>]) -> Vec<String> {
        let mut failures = self.failures.take();
        let unmet = |(index, tally): (usize, &Arc<Tally>)| tally.unmet(&tallies[index + 1..]);
        failures.extend(tallies.iter().enumerate().filter_map(unmet));
        failures
    }

    /// Ends it and fails the test when something was not as expected. A test that fails already, by
    /// a panic or an error, is told beside.
    fn end(self: &Arc<Self>, work: Work) {
        self.close();
        let failures = self.verdict();
        if failures.is_empty() {
            return;
        }
        let failures = failures.join("\n");
        match work {
            // This may be why.
            _ if std::thread::panicking() => eprintln!("of the mocks of this scope:\n{failures}"),
            Work::Failed => eprintln!("of the mocks of this scope:\n{failures}"),
            Work::Done => panic!("{failures}"),
            Work::Unknown => panic!("{failures}\n{HIDES}"),
        }
    }
}

/// What is known of the work in a scope when it ends.
enum Work {
    /// Nothing: the guard is dropped before anybody sees the result.
    Unknown,
    /// It ended well.
    Done,
    /// It ended with an error.
    Failed,
}

/// The last line of a failure, for a test that returns an error: the panic takes its place.
const HIDES: &str = "(an error that this test returns is hidden by this panic; a test that is run in \
                     `hot::with_scope` ends with its error, and prints this beside)";

fn release_shim(installed: &Arc<Installed>) {
    for site in &installed.target.sites {
        find::state(site).scoped.fetch_sub(1, Ordering::Relaxed);
        layers::release_shim(site);
    }
}

/// Begins a scope: mocks that only this thread sees, and the work that is asked to follow it.
///
/// The mocks go when the guard is dropped. Other threads, so also other tests that run at the same
/// time, see the real code, unless they follow the scope: [`Scope::spawn`], [`ScopeHandle::enter`],
/// [`InScope::in_scope`].
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// hot::mock!(in scope, price, |_: u64| -> u64 { 42 })?.times(2);
/// assert_eq!(price(1), 42);
/// assert_eq!(scope.spawn(|| price(1)).join().unwrap(), 42);
/// assert_eq!(std::thread::spawn(|| price(1)).join().unwrap(), 3);
/// drop(scope);
/// assert_eq!(price(1), 3);
/// # Ok(())
/// # }
/// ```
pub fn scope() -> Scope {
    why::begin();
    let inner = Inner::new(None);
    drop(enter(Some(inner.clone())));
    Scope { inner, not_send: PhantomData }
}

/// Runs a test in a scope of its own: an error that the test returns is what the caller gets, and what
/// its mocks were waiting for is printed beside. (A [`Scope`] is dropped before anybody sees what the
/// function around it returns; its panic hides an error.)
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// // #[test] fn prices_are_parsed() -> Result<(), Box<dyn std::error::Error>>
/// # fn prices_are_parsed() -> Result<(), Box<dyn std::error::Error>> {
/// hot::with_scope(|scope| {
///     hot::mock!(in scope, price, |_: u64| -> u64 { 42 })?.times(1);
///     let quantity = "three".parse()?; // this is what the test fails with
///     assert_eq!(price(quantity), 42);
///     Ok(())
/// })
/// # }
/// # fn main() {
/// # if !cfg!(feature = "mock") { return; }
/// # assert!(prices_are_parsed().unwrap_err().to_string().contains("invalid digit"));
/// # }
/// ```
///
/// # Errors
/// Those of `work`.
///
/// # Panics
/// When `work` returns `Ok` and something is not as its mocks expect.
pub fn with_scope<T, E>(work: impl FnOnce(&Scope) -> Result<T, E>) -> Result<T, E> {
    let scope = scope();
    let result = work(&scope);
    scope.inner.end(if result.is_ok() { Work::Done } else { Work::Failed });
    result
}

/// The guard of scoped mocks, see [`scope`]. It stays on its thread.
///
/// When it is dropped its mocks end, and what was expected of them is checked: if something is not
/// as expected, here or on a thread or task that followed the scope, the drop panics (unless the
/// thread is panicking already). Scopes nest: the newer one's mocks lie on top. They may be dropped
/// in any order.
#[must_use = "its mocks end when it is dropped"]
pub struct Scope {
    inner: Arc<Inner>,
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// What follows this scope elsewhere.
    pub fn handle(&self) -> ScopeHandle {
        ScopeHandle { inner: self.inner.clone() }
    }

    /// A thread that follows this scope.
    pub fn spawn<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let handle = self.handle();
        std::thread::spawn(move || handle.enter(work))
    }

    /// Runs `work` with mocks that may borrow from the test: `hot::mock!(in local, …)`. They are met
    /// on this thread only, need not be `Send`, cannot be `async`, and end when `work` does.
    ///
    /// ```
    /// # use hot::hot;
    /// # use std::cell::RefCell;
    /// #[hot]
    /// fn send(_: &str) {}
    ///
    /// # fn main() {
    /// # if !cfg!(feature = "mock") { return; }
    /// let sent = RefCell::new(Vec::new());
    /// hot::scope().with(|local| {
    ///     hot::mock!(in local, send, |text: &str| sent.borrow_mut().push(text.to_owned())).unwrap();
    ///     send("hello");
    /// });
    /// assert_eq!(sent.into_inner(), ["hello"]);
    /// # }
    /// ```
    pub fn with<'env, R>(&self, work: impl FnOnce(&Local<'env>) -> R) -> R {
        let _entered = Entered::new(self.inner.clone());
        let inner = Inner::new(Some(std::thread::current().id()));
        let _inside = Entered::new(inner.clone());
        let local = Local { inner, env: PhantomData, on_this_thread: PhantomData };
        work(&local)
    }

    /// Checks now what is expected of the mocks so far.
    ///
    /// # Errors
    /// [`Error::ExpectationFailed`], with a line for each mock.
    pub fn verify(&self) -> Result<(), Error> {
        let tallies = self.inner.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = self.inner.failures_of(&tallies);
        match failures.is_empty() {
            true => Ok(()),
            false => Err(Error::ExpectationFailed { failures }),
        }
    }

    /// Forbids every public function whose name fits the pattern, in this scope: see
    /// [`hot::forbid`]. Those that are visible where it stands, `hot::forbid!(in scope, "…")`.
    ///
    /// # Errors
    /// As [`hot::forbid`].
    ///
    /// [`hot::forbid`]: fn@crate::forbid
    #[track_caller]
    pub fn forbid(&self, pattern: &str) -> Result<super::Forbidden, Error> {
        super::bulk::forbid_in(pattern, Viewer::OUTSIDE, Some(&self.inner))
    }

    /// As [`Scope::forbid`], whatever the visibility of the functions.
    ///
    /// # Safety
    /// As of [`forbid_private`](crate::forbid_private).
    ///
    /// # Errors
    /// As [`Scope::forbid`].
    #[track_caller]
    pub unsafe fn forbid_private(&self, pattern: &str) -> Result<super::Forbidden, Error> {
        super::bulk::forbid_in(pattern, Viewer::EVERYWHERE, Some(&self.inner))
    }

    /// Counts calls of a function and lets them through: `scope.spy(price)`.
    ///
    /// # Errors
    /// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
    #[track_caller]
    pub fn spy<F>(&self, function: F) -> Result<Mock, Error> {
        super::spy_in(super::target::of_item(super::Item::of(&function))?, Some(&self.inner))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.inner.closed.store(true, Ordering::Relaxed);
        // Scopes that were made in this one and are still there keep it in their list, without
        // mocks. The current one is set back to the first that is not over.
        let _ = CURRENT.try_with(|current| {
            let mut scope = current.borrow().clone();
            while let Some(inner) = &scope
                && inner.closed.load(Ordering::Relaxed)
            {
                scope = inner.parent.clone();
            }
            let before = current.replace(scope);
            drop(before);
        });
        self.inner.end(Work::Unknown);
    }
}

/// Follows a scope on other threads. When the scope is over, so are its mocks.
#[derive(Clone)]
pub struct ScopeHandle {
    inner: Arc<Inner>,
}

impl ScopeHandle {
    /// The scope that this thread or task follows, if any: for code that hands work on and is itself
    /// called by a test.
    pub fn current() -> Option<ScopeHandle> {
        let inner = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()?;
        Some(ScopeHandle { inner })
    }

    /// Runs `work` in the scope, on this thread: for scoped threads, rayon, and thread pools.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self.inner.clone());
        work()
    }
}

/// `future.in_scope(&scope)`.
pub trait InScope: Sized {
    /// The same future, following the scope wherever it is polled.
    fn in_scope(self, scope: &Scope) -> Scoped<Self> {
        Scoped::new(scope.inner.clone(), self)
    }

    /// The same through a handle.
    fn in_scope_of(self, handle: &ScopeHandle) -> Scoped<Self> {
        Scoped::new(handle.inner.clone(), self)
    }
}

impl<F: Future> InScope for F {}

/// A future that follows a scope.
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<F> {
    inner: Arc<Inner>,
    /// Dropped in the scope, once: see `drop`.
    future: ManuallyDrop<F>,
}

impl<F> Scoped<F> {
    fn new(inner: Arc<Inner>, future: F) -> Scoped<F> {
        Scoped { inner, future: ManuallyDrop::new(future) }
    }
}

impl<F> Drop for Scoped<F> {
    fn drop(&mut self) {
        let _entered = Entered::new(self.inner.clone());
        // SAFETY: it is dropped here only, where it lies, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is never moved, `drop` included, and no other method gives access to
        // it; the type is `Unpin` only if the future is.
        let (inner, future) = unsafe {
            let this = self.get_unchecked_mut();
            (&this.inner, Pin::new_unchecked(&mut *this.future))
        };
        let _entered = Entered::new(inner.clone());
        future.poll(context)
    }
}

/// What cannot stand for another lifetime, longer or shorter.
type Invariant<'env> = fn(&'env ()) -> &'env ();

/// Mocks that may borrow for `'env`, see [`Scope::with`].
pub struct Local<'env> {
    inner: Arc<Inner>,
    /// Not to be made longer or shorter.
    env: PhantomData<Invariant<'env>>,
    /// Not to be sent or shared.
    on_this_thread: PhantomData<*const ()>,
}

impl Local<'_> {
    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        self.inner.end(Work::Unknown);
    }
}
