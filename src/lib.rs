//! ffilint: memory ownership across the FFI boundary, checked statically.
//!
//! ffilint reads a project's sources, follows every piece of native memory from the call that allocates it to the call
//! that should release it, and reports where ownership goes wrong: released by the wrong allocator, never released,
//! released although a library owns it, released twice, used after its release.
//!
//! # The way data flows
//!
//! discover → parse → lower → apply models → link → summarise and check → word → render.
//!
//! Each stage is a room; a room uses only the rooms before it, which a test enforces.
//!
//! | room | modules | what happens there |
//! |---|---|---|
//! | 1 | [`source`], [`language`], [`target`], [`config`], [`discover`] | files and wishes; the only reading |
//! | 2 | [`parse`] | text → tree and syntax errors |
//! | 3 | [`ir`], [`lower`] | syntax → the ownership IR; knows no allocator |
//! | 4 | [`summary`], [`models`] | what functions without a body here do, as data |
//! | 5 | [`link`], [`conventions`] | names → what they are; the call graph; what names and documentation tell |
//! | 6 | [`state`], [`flow`], [`violation`] | one function to its fixpoint → summary and typed facts |
//! | 7 | [`diagnostic`], [`rules`], [`fix`] | facts → words, and edits that mend |
//! | 8 | [`workspace`] | files in memory → report: the engine |
//! | 9 | [`render`], [`lsp`], [`cli`] | report → text; an editor's questions; flags and exit codes |
//!
//! # Invariants
//!
//! 1. Parsing never fails: a broken file still yields its good functions, and what was skipped is reported.
//! 2. No I/O between `discover` and the renderers: text is passed in.
//! 3. Frontends translate syntax, models give meaning. A frontend knows no allocator, a rule looks at no syntax. A new
//!    API is a row of data and a fixture.
//! 4. The transition function in [`state`] is the policy.
//! 5. What an unknown callee does is stated policy. What the tool does not know, it counts.
//! 6. Nothing is silent: every run says what it analysed and what it could not; a run in which nothing could be parsed
//!    exits with 2.
//! 7. Every driver gives the same findings for the same text.
//! 8. One file's panic becomes one `internal_error` finding; the others are still checked.
//! 9. Output does not depend on the order of files, the number of threads or hash seeds.
//! 10. Output formats are structs of their own, frozen by tests.

pub mod cli;
pub mod config;
pub mod conventions;
pub mod diagnostic;
pub mod discover;
pub mod fix;
pub mod flow;
pub mod ir;
pub mod language;
pub mod link;
pub mod lower;
pub mod lsp;
pub mod models;
pub mod parse;
mod projects;
pub mod render;
pub mod rules;
pub mod signatures;
pub mod source;
pub mod state;
pub mod summary;
pub mod suppress;
pub mod target;
pub mod violation;
pub mod vocabulary;
pub mod workspace;
