//! `#[hot]` on async functions: boxed behind the slot, with the auto traits of the body's future.
#![cfg(feature = "enabled")]

mod support;

use hot::__private::RawFuture;
use hot::hot;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use support::replaced;

/// Runs a future that needs no reactor.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Is pending once.
async fn pause() {
    let mut paused = false;
    let poll = |context: &mut Context<'_>| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    };
    poll_fn(poll).await
}

#[hot]
async fn fetch(id: u64, name: &str) -> String {
    pause().await;
    format!("{id} {name}")
}

fn fake_fetch(id: u64, _: &str) -> RawFuture<String> {
    // SAFETY: it borrows nothing.
    unsafe { RawFuture::new(async move { format!("fake {id}") }) }
}

#[test]
fn free() {
    let _serial = support::serial();
    let name = "cart".to_owned();
    assert_eq!(run(fetch(1, &name)), "1 cart");
    replaced!("asynchronous/fetch", fake_fetch as fn(u64, &'static str) -> _, {
        assert_eq!(run(fetch(1, &name)), "fake 1");
    });
}

#[test]
fn a_future_in_flight_finishes_on_the_code_it_began_with() {
    let _serial = support::serial();
    let mut context = Context::from_waker(Waker::noop());
    let mut begun = pin!(fetch(1, "a"));
    let waiting = fetch(2, "b");
    assert!(begun.as_mut().poll(&mut context).is_pending());
    replaced!("asynchronous/fetch", fake_fetch as fn(u64, &'static str) -> _, {
        assert_eq!(begun.as_mut().poll(&mut context), Poll::Ready("1 a".to_owned()));
        assert_eq!(run(waiting), "fake 2");
    });
}

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

#[hot]
async fn hold(_argument: Counted, _: Counted) {
    let _local = Counted;
    pause().await;
}

#[test]
fn everything_is_dropped_exactly_once() {
    let _serial = support::serial();
    let mut context = Context::from_waker(Waker::noop());
    let dropped = || DROPPED.swap(0, Relaxed);
    drop(hold(Counted, Counted));
    assert_eq!(dropped(), 2, "never polled");
    {
        let mut future = pin!(hold(Counted, Counted));
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(dropped(), 3, "cancelled on the way");
    run(hold(Counted, Counted));
    assert_eq!(dropped(), 3, "finished");
}

#[hot]
async fn local(shared: Rc<Cell<u64>>) -> u64 {
    pause().await;
    shared.get()
}

#[hot]
async unsafe fn deref(at: *const u64) -> u64 {
    // SAFETY: the caller passes a valid pointer.
    unsafe { *at }
}

#[hot]
async fn describe(id: u64) -> impl std::fmt::Display + Send {
    pause().await;
    id + 1
}

#[test]
fn futures_that_are_not_send_and_other_shapes() {
    let _serial = support::serial();
    assert_eq!(run(local(Rc::new(Cell::new(4)))), 4);
    // SAFETY: the pointer is to a local that outlives the call.
    assert_eq!(run(unsafe { deref(&3) }), 3);
    assert_eq!(run(describe(1)).to_string(), "2");
}

struct Store<'a> {
    items: &'a [u64],
}

#[hot]
impl<'a> Store<'a> {
    async fn get(&self, index: usize) -> Option<&'a u64> {
        pause().await;
        self.items.get(index)
    }

    async fn first(&self) -> &u64 {
        &self.items[0]
    }

    async fn into_items(self) -> &'a [u64] {
        self.items
    }
}

trait Fetch {
    type Key;
    async fn fetch(&mut self, key: Self::Key) -> Result<u64, Self::Key>;
}

#[hot]
impl Fetch for Vec<u64> {
    type Key = usize;

    async fn fetch(&mut self, key: Self::Key) -> Result<u64, Self::Key> {
        pause().await;
        if key < self.len() { Ok(self.remove(key)) } else { Err(key) }
    }
}

#[hot]
impl<T: Copy> Fetch for Option<T>
where
    u64: From<T>,
{
    type Key = ();

    async fn fetch(&mut self, _: ()) -> Result<u64, ()> {
        pause().await;
        self.take().map(u64::from).ok_or(())
    }
}

#[test]
fn methods() {
    let _serial = support::serial();
    let items = vec![5, 6];
    let store = Store { items: &items };
    assert_eq!(run(store.get(1)), Some(&6));
    assert_eq!(run(store.first()), &5);
    fn nothing<'a>(_: &Store<'a>, _: usize) -> RawFuture<Option<&'a u64>> {
        // SAFETY: it borrows nothing.
        unsafe { RawFuture::new(async { None }) }
    }
    replaced!("asynchronous/*Store.get", nothing as fn(&'static Store<'static>, usize) -> _, {
        assert_eq!(run(store.get(1)), None);
    });
    assert_eq!(run(store.into_items()), [5, 6]);

    let mut items = items;
    assert_eq!(run(items.fetch(1)), Ok(6));
    assert_eq!(run(items.fetch(1)), Err(1));
    assert_eq!(run(Some(3_u32).fetch(())), Ok(3));
    fn always(_: &mut Vec<u64>, key: usize) -> RawFuture<Result<u64, usize>> {
        // SAFETY: it borrows nothing.
        unsafe { RawFuture::new(async move { Err(key + 1) }) }
    }
    replaced!("asynchronous/*Vec<u64>.Fetch.fetch", always as fn(&'static mut _, usize) -> _, {
        assert_eq!(run(items.fetch(1)), Err(2));
    });
}

#[hot]
async fn generic<T: ToString>(value: T, more: impl Future<Output = T>) -> String {
    value.to_string() + &more.await.to_string()
}

#[hot]
async fn count<const N: usize, T>(items: &[T; N]) -> usize {
    pause().await;
    items.len()
}

#[test]
fn generic_functions() {
    let _serial = support::serial();
    assert_eq!(run(generic(1, async { 2 })), "12");
    assert_eq!(run(generic::<&str>("a", async { "b" })), "ab");
    assert_eq!(run(count(&[1, 2])), 2);
    fn none(_: &[u8; 3]) -> RawFuture<usize> {
        // SAFETY: it borrows nothing.
        unsafe { RawFuture::new(async { 0 }) }
    }
    assert_eq!(run(count(&[1_u8; 3])), 3);
    let bodies = support::instances("__hotbox_count");
    assert_eq!(bodies.len(), 2);
    let replace = |body| {
        let code = none as fn(&'static _) -> _ as *const ();
        // SAFETY: one of the two has this type, and only that one is called below.
        unsafe { support::Replaced::new("asynchronous/count", Some(body), code) }
    };
    let guards: Vec<_> = bodies.into_iter().map(replace).collect();
    assert_eq!(run(count(&[1_u8; 3])), 0);
    drop(guards);
    assert_eq!(run(count(&[1_u8; 3])), 3);
}

#[test]
fn on_an_executor_that_asks_for_send() {
    let _serial = support::serial();
    static NAME: &str = "sent";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let task = runtime.spawn(fetch(3, NAME));
    assert_eq!(runtime.block_on(task).unwrap(), "3 sent");
}

/// Nobody's future grows with the future of a hot function.
#[test]
fn the_size_of_a_body_is_not_in_its_callers() {
    let _serial = support::serial();
    #[hot]
    async fn large() -> u8 {
        let buffer = [1_u8; 4096];
        pause().await;
        buffer[7]
    }
    async fn caller() -> u8 {
        large().await
    }
    assert!(size_of_val(&caller()) < 200);
    assert_eq!(run(caller()), 1);
}
