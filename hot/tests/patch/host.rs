//! A program that loads, lists and unloads patches as its input says, and prints meanwhile what its
//! functions answer, each time that it changes.

use hot::patch::{Config, PatchError};
use shop::{Cart, Order};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::BufRead;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// An allocator whose memory no other one can free: each block begins behind a header.
struct Headed;

const MARK: u64 = 0x686f74;

/// The bytes before a block, and the layout with them.
fn with_header(layout: Layout) -> (usize, Layout) {
    let header = layout.align().max(64);
    (header, Layout::from_size_align(layout.size() + header, header).unwrap())
}

// SAFETY: a block is one of the system's without its header, which is as aligned and belongs to it.
unsafe impl GlobalAlloc for Headed {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (header, whole) = with_header(layout);
        // SAFETY: the header is at least 64 bytes, and the block lies behind it.
        unsafe {
            let block = System.alloc(whole);
            block.cast::<u64>().write(MARK);
            block.add(header)
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let (header, whole) = with_header(layout);
        // SAFETY: a block that was allocated here has a header before it; of any other the test is to
        // find out, in a program that does nothing else.
        unsafe {
            let block = pointer.sub(header);
            if block.cast::<u64>().read() != MARK {
                eprintln!("freed what was not allocated here");
                std::process::abort();
            }
            block.cast::<u64>().write(0);
            System.dealloc(block, whole)
        }
    }
}

#[global_allocator]
static ALLOCATOR: Headed = Headed;

#[hot::hot]
fn banner() -> String {
    "plain".to_owned()
}

fn answers() -> String {
    let order = Order { amount: 100 };
    let cart = Cart { orders: vec![Order { amount: 1 }, Order { amount: 2 }] };
    let price = catch_unwind(|| shop::price(&order).to_string()).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().expect("the type of the words is known here");
        format!("panic({words})")
    });
    let label = shop::label(&order, "EUR").unwrap_or_else(|error| format!("error({error})"));
    format!("price={price} total={} label={label} banner={}", cart.total(), banner())
}

fn config(words: &mut std::str::SplitWhitespace<'_>) -> Config {
    let hp_file = words.next().unwrap().into();
    let pair = |word: &str| {
        let (symbol, function) = word.split_once('=').unwrap();
        (symbol.to_owned(), function.to_owned())
    };
    Config { hp_file, replace_config: words.map(pair).collect() }
}

fn report(result: Result<String, PatchError>) {
    match result {
        Ok(text) => println!("{text}"),
        Err(error) => println!("error: {error}"),
    }
}

/// Calls from eight threads while a patch is loaded and unloaded so many times.
fn storm(config: &Config, rounds: u32) {
    let (stop, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut wrong = 0;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut wrong = 0;
                    while !stop.load(SeqCst) {
                        let price = shop::price(&Order { amount: 100 });
                        wrong += u32::from(price != 300 && price != 7);
                        calls.fetch_add(1, SeqCst);
                    }
                    wrong
                })
            })
            .collect();
        for _ in 0..rounds {
            // SAFETY: the test has built the patch beside this program.
            let id = unsafe { hot::patch::load(config) }.unwrap();
            assert_eq!(shop::price(&Order { amount: 100 }), 7);
            hot::patch::unload(&id).unwrap();
            assert_eq!(shop::price(&Order { amount: 100 }), 300);
        }
        stop.store(true, SeqCst);
        wrong = callers.into_iter().map(|caller| caller.join().unwrap()).sum::<u32>();
    });
    println!("storm: {} rounds, {wrong} wrong, called: {}", rounds, calls.into_inner() > 0);
}

fn main() {
    hot::patch::set_hook_timeout(Duration::from_millis(2000));
    thread::spawn(|| {
        let mut before = String::new();
        loop {
            let now = answers();
            if now != before {
                println!("now: {now}");
                before = now;
            }
            thread::sleep(Duration::from_millis(2));
        }
    });
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        match words.next().unwrap() {
            // SAFETY: the test has built the patch beside this program.
            "load" => report(unsafe { hot::patch::load(&config(&mut words)) }
                .map(|id| format!("loaded {id}"))),
            "unload" => report(hot::patch::unload(words.next().unwrap())
                .map(|()| "unloaded".to_owned())),
            "race" => {
                let config = config(&mut words);
                // SAFETY: as above.
                let load = || unsafe { hot::patch::load(&config) };
                let results = thread::scope(|scope| {
                    let threads = [scope.spawn(load), scope.spawn(load)];
                    threads.map(|thread| thread.join().unwrap())
                });
                let fine = results.iter().filter(|result| result.is_ok()).count();
                let refused = |r: &Result<String, PatchError>| {
                    matches!(r, Err(PatchError::AlreadyLoaded { .. }))
                };
                println!("race: {fine} loaded, {} refused", results.iter().filter(|r| refused(r)).count());
            }
            "list" => {
                let patches = hot::patch::list();
                println!("list: {}", patches.len());
                for patch in patches {
                    println!("patch {} {}", patch.hp_id, patch.functions.join(","));
                }
            }
            "layer" => {
                let function = hot::functions().into_iter().find(|f| f.name() == "shop/price");
                println!("layer: {} {:?}", function.as_ref().unwrap().layer(), function.unwrap().patch());
            }
            "mock" => {
                hot::mock!(shop::price, |_: &Order| -> u64 { 1 }).unwrap();
                println!("mocked");
            }
            "reset" => {
                hot::reset(shop::price).unwrap();
                println!("reset");
            }
            "storm" => storm(&config(&mut words), 100),
            other => panic!("no command {other}"),
        }
    }
    println!("ended");
}
