//! The integration tests: one binary.
// A test says what it needs by failing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod baseline;
mod built;
mod cli;
mod config;
mod editors;
mod fix;
mod fixtures;
mod formats;
mod git;
mod hooks;
mod limits;
mod link;
mod links;
mod lower;
mod lsp;
mod models;
mod modules;
mod monorepo;
mod order;
mod own_models;
mod pages;
mod render;
mod sarif;
mod schema;
mod standing;
mod stories;
mod support;
mod suppress;
mod tidy;
mod verdicts;
mod wording;
