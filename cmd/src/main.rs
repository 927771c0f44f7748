//! The binary `hot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hot_cli::cli::main(std::env::args_os().collect())
}
