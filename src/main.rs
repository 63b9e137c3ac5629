//! The `ffilint` command.

fn main() {}
