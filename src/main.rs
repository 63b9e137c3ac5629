//! The `ffilint` command.

fn main() -> std::process::ExitCode {
    ffilint::cli::main()
}
