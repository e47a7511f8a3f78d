//! The command line in, the exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    critmass::cli::main()
}
