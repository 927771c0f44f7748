//! What is told of a hot function that only the start of the program calls.

use crate::fixture::Program;
use crate::patch;
use hot_cli::diff::Once;

const LIBRARY: &str = r#"
hot! { pub fn init / __hot_init(n: u64) -> u64 { below(n) + 11 } }
hot! { pub fn below / __hot_below(n: u64) -> u64 { n + 12 } }
pub fn start(n: u64) -> u64 { within(n) }
hot! { pub fn within / __hot_within(n: u64) -> u64 { n + 13 } }
hot! { pub fn early / __hot_early(n: u64) -> u64 { n + 14 } }
hot! { pub fn spawned / __hot_spawned(n: u64) -> u64 { n + 15 } }
hot! { pub fn step / __hot_step(n: u64) -> u64 { n + 21 } }
hot! { pub fn both / __hot_both(n: u64) -> u64 { n + 22 } }
hot! { pub fn threaded / __hot_threaded(n: u64) -> u64 { n + 23 } }
hot! { pub fn tabled / __hot_tabled(n: u64) -> u64 { n + 24 } }
hot! { pub fn later / __hot_later(n: u64) -> u64 { n + 25 } }
hot! { pub fn handled / __hot_handled(n: u64) -> u64 { n + 26 } }
hot! { pub fn asked / __hot_asked(n: u64) -> u64 { n + 27 } }
pub static TABLE: [fn(u64) -> u64; 1] = [tabled];
pub trait Handler { fn handle(&self, n: u64) -> u64; }
pub struct Plain;
impl Handler for Plain { fn handle(&self, n: u64) -> u64 { handled(n) } }
pub fn work(n: u64) -> u64 { both(n) }
"#;

const MAIN: &str = r#"
use std::{future::Future, pin::{Pin, pin}, task::{Context, Poll, Waker}};
fn main() {
    let n = std::env::args().count() as u64;
    println!("{}", shop::init(n) + shop::start(n) + shop::both(n) + shop::TABLE[0](n));
    let handler: Box<dyn shop::Handler> = Box::new(shop::Plain);
    println!("{}", handler.handle(n));
    std::thread::spawn(move || shop::threaded(n)).join().unwrap();
    for m in 0..n { println!("{}", shop::step(m) + shop::work(m)); }
    println!("{}", block_on(serve(async |m: u64| shop::asked(m), n)));
    block_on(async move {
        println!("{}", shop::early(n));
        for m in 0..n {
            println!("{}", shop::later(m));
            let task: Pin<Box<dyn Future<Output = u64>>> = Box::pin(async move { shop::spawned(m) });
            Turn(false).await;
            task.await;
        }
    });
}
async fn serve<F: AsyncFn(u64) -> u64>(handler: F, n: u64) -> u64 {
    handler(n).await
}
struct Turn(bool);
impl Future for Turn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(out) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return out;
        }
    }
}
"#;

#[test]
fn a_function_that_only_the_start_calls_is_told_as_that() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    for (number, from) in [
        ("11", Some(("shop/init", "main::main"))),
        ("12", Some(("shop/below", "shop::init"))),
        ("13", Some(("shop/within", "shop::start"))),
        ("14", Some(("shop/early", "main::main"))),
        // In a loop; there as well; in a task that is made in one.
        ("21", None),
        ("22", None),
        ("15", None),
        ("25", None),
        // In a handler that somebody else was given.
        ("27", None),
        // By way of a thread, a static, a trait object.
        ("23", None),
        ("24", None),
        ("26", None),
    ] {
        let edited = LIBRARY.replace(&format!("n + {number}"), &format!("n * 3 + {number}"));
        let edited = edited.replace(&format!(") + {number}"), &format!(") * 3 + {number}"));
        assert_ne!(edited, LIBRARY);
        let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        let once: Vec<Once> = from
            .map(|(function, from)| Once { function: function.into(), from: vec![from.into()] })
            .into_iter()
            .collect();
        assert_eq!(prepared.not_applied.once, once, "{number}: {:?}", prepared.functions);
        world.rejected(prepared.patch.id);
    }
}

/// What runs counts, not what the source has come to say.
#[test]
fn a_call_that_has_gone_from_the_source_may_still_be_made() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    let main = MAIN
        .replace("shop::step(m) + shop::work(m)", "m")
        .replace("shop::init(n)", "shop::step(n)");
    let library = LIBRARY.replace("n + 21", "n + 210");
    let rebuilt = vec![program.library(&library), program.binary(&main)];
    let prepared = patch(world.judge(rebuilt).expect("a verdict"));
    assert_eq!(
        (prepared.functions.as_slice(), prepared.not_applied.once.len()),
        (&["shop/step".into()][..], 0)
    );
}

/// Optimised, the call through the slot stands in the caller.
#[test]
fn so_it_is_in_an_optimised_program() {
    let program = Program::with(&["-g", "-Copt-level=3"]);
    let mut world = program.whole(LIBRARY, MAIN);
    for (number, once) in [("11", true), ("21", false)] {
        let edited = LIBRARY.replace(&format!("+ {number} }}"), &format!("+ {number} ^ 9 }}"));
        assert_ne!(edited, LIBRARY);
        let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert_eq!(
            !prepared.not_applied.once.is_empty(),
            once,
            "{number}: {:?}",
            prepared.not_applied.once
        );
        world.rejected(prepared.patch.id);
    }
}
