//! The `eigenstream` command under another name: Cargo hands a package's tests only the programs of the same package.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    eigenstream::cli::main()
}
