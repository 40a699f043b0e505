//! The `eigenstream` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    eigenstream::cli::main()
}
