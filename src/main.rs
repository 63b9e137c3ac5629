//! The `ffilint` command.

/// A check is many small allocations on all threads: a tenth of its time against the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ffilint::cli::main()
}
