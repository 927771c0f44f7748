//! Who sees the mocks of a scope, and until when.

use super::*;

#[test]
fn parallel_tests_do_not_see_each_other() {
    let barrier = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4u64)
        .map(|own| {
            let barrier = barrier.clone();
            std::thread::spawn(move || {
                let scope = hot::scope();
                if own > 0 {
                    hot::mock!(in scope, price, move |_: u64| -> u64 { own }).unwrap();
                }
                for _ in 0..100 {
                    barrier.wait();
                    assert_eq!(price(7), if own > 0 { own } else { 21 });
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(price(7), 21);
}

#[test]
fn scopes_nest_and_lie_on_the_process() {
    let outer = hot::scope();
    hot::mock!(in outer, price, |_: u64| -> u64 { 1 }).unwrap();
    hot::mock!(in outer, tax, |_: u64| -> u64 { 10 }).unwrap();
    {
        let inner = hot::scope();
        hot::mock!(in inner, price, |_: u64| -> u64 { 2 }).unwrap();
        assert_eq!((price(9), tax(9)), (2, 10));
        let newer = hot::mock!(in inner, price, |_: u64| -> u64 { 3 }).unwrap();
        assert_eq!(price(9), 3);
        newer.remove();
        assert_eq!(price(9), 2);
    }
    assert_eq!((price(9), tax(9)), (1, 10));
}

#[test]
fn scopes_end_in_any_order() {
    let first = hot::scope();
    hot::mock!(in first, tax, |_: u64| -> u64 { 1 }).unwrap();
    let second = hot::scope();
    hot::mock!(in second, price, |_: u64| -> u64 { 2 }).unwrap();
    drop(first);
    assert_eq!((tax(10), price(10)), (2, 2));
    let third = hot::scope();
    hot::mock!(in third, tax, |_: u64| -> u64 { 3 }).unwrap();
    drop(second);
    assert_eq!((tax(10), price(10)), (3, 30));
    drop(third);
    assert_eq!((tax(10), price(10)), (2, 30));
}

#[test]
fn threads_follow_when_asked() {
    let scope = hot::scope();
    let mock = hot::mock!(in scope, price, |_: u64| -> u64 { 4 }).unwrap();
    assert_eq!(scope.spawn(|| price(1)).join().unwrap(), 4);
    assert_eq!(std::thread::spawn(|| price(1)).join().unwrap(), 3);
    let handle = scope.handle();
    std::thread::scope(|threads| {
        let followed = threads.spawn(|| handle.enter(|| (price(1), handle.enter(|| price(1)))));
        assert_eq!(followed.join().unwrap(), (4, 4));
        let left = threads.spawn(|| {
            handle.enter(|| ());
            price(1)
        });
        assert_eq!(left.join().unwrap(), 3);
    });
    assert_eq!(mock.calls(), 3);
    // After the end, those that follow see what lies below, wherever they are.
    let (go, gone) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let late = {
        let (go, gone) = (go.clone(), gone.clone());
        scope.spawn(move || {
            let before = price(1);
            go.wait();
            gone.wait();
            (before, price(1))
        })
    };
    go.wait();
    drop(scope);
    gone.wait();
    assert_eq!(late.join().unwrap(), (4, 3));
}

#[test]
fn tasks_follow_across_workers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 5 }).unwrap();
    let texts = Arc::new(["a", "b"].map(String::from));
    let mine = texts.clone();
    hot::mock!(in scope, fetch, async move |id: u64| -> String {
        tokio::task::yield_now().await;
        format!("{}{}", mine[id as usize % 2], price(0))
    })
    .unwrap();
    let follow = async |id: u64| {
        let mut answers = Vec::new();
        for _ in 0..20 {
            tokio::task::yield_now().await;
            answers.push(price(2));
        }
        (answers, fetch(id).await)
    };
    let tasks: Vec<_> = (0..8).map(|id| runtime.spawn(follow(id).in_scope(&scope))).collect();
    let stranger = runtime.spawn(async { (price(2), fetch(3).await) });
    runtime.block_on(async {
        for (id, task) in tasks.into_iter().enumerate() {
            let (answers, text) = task.await.unwrap();
            assert!(answers.iter().all(|answer| *answer == 5));
            assert_eq!(text, ["a5", "b5"][id % 2]);
        }
        assert_eq!(stranger.await.unwrap(), (6, "order 3".to_owned()));
    });
    drop(scope);
    assert_eq!(Arc::strong_count(&texts), 1);
    drop(runtime);
}

#[test]
fn a_future_in_flight_keeps_its_closure() {
    let alive = Arc::new(());
    let held = alive.clone();
    let scope = hot::scope();
    hot::mock!(in scope, fetch, async move |_: u64| -> String {
        let mut waited = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        format!("{}", Arc::strong_count(&held))
    })
    .unwrap();
    let mut future = Box::pin(fetch(1));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(scope);
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(future.as_mut().poll(&mut context), Poll::Ready("2".to_owned()));
    drop(future);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn what_is_handed_on_may_follow_too() {
    #[hot]
    fn run(work: Box<dyn FnOnce() -> u64 + Send>) -> u64 {
        std::thread::spawn(work).join().unwrap()
    }
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 6 }).unwrap();
    assert_eq!(run(Box::new(|| price(1))), 3);
    hot::mock!(in scope, run, |work: Box<dyn FnOnce() -> u64 + Send>| -> u64 {
        let handle = hot::ScopeHandle::current().unwrap();
        std::thread::spawn(move || handle.enter(work)).join().unwrap()
    })
    .unwrap();
    assert_eq!(run(Box::new(|| run(Box::new(|| price(1))))), 6);
    drop(scope);
    assert!(hot::ScopeHandle::current().is_none());
}

#[test]
fn a_task_is_dropped_in_its_scope() {
    struct Last(Arc<AtomicU64>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.store(price(1), Ordering::Relaxed);
        }
    }
    let seen = Arc::new(AtomicU64::new(0));
    let last = Last(seen.clone());
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 8 }).unwrap();
    let task = async move { drop(last) }.in_scope(&scope);
    std::thread::spawn(|| drop(task)).join().unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 8);
}

#[test]
fn scopes_leave_nothing_behind() {
    let dropped = Arc::new(AtomicU64::new(0));
    struct Noted(Arc<AtomicU64>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let scope = hot::scope();
    let handle = scope.handle();
    let noted = Noted(dropped.clone());
    let mock =
        hot::mock!(in scope, say, move |_: &str| assert!(Arc::strong_count(&noted.0) > 1)).unwrap();
    say("x");
    drop(scope);
    assert_eq!((dropped.load(Ordering::Relaxed), mock.calls()), (1, 1));
    handle.enter(|| say("y"));
    assert_eq!(mock.calls(), 1);
}
