//! The binary `cargo-hot`, so that `cargo hot run` works: cargo passes `hot` as first argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|first| first == "hot") {
        args.remove(1);
    }
    hot_cli::cli::main(args)
}
