//! What the server can do, and what it asks the client to watch.

use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, DiagnosticOptions, ExecuteCommandOptions, FileSystemWatcher, GlobPattern,
    HoverProvider, InitializeResult, Save, SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSync,
    TextDocumentSyncKind, TextDocumentSyncOptions, WorkDoneProgressOptions, WorkspaceFoldersServerCapabilities,
};
use serde_json::{Value, json};

use super::client::Abilities;
use super::findings::PAGES;
use crate::language::Language;

/// The command that shows the page of a rule.
pub(super) const EXPLAIN: &str = "ffilint.explain";

/// All fixes of a file that keep what it does.
pub(super) const FIX_ALL: &str = "source.fixAll.ffilint";

/// Files that are no source code and yet change what is found.
const BESIDE: &str = "**/{ffilint.toml,ffilint-baseline.txt,analysis_options.yaml,pubspec.yaml,pubspec.lock,Cargo.toml,build.gradle,build.gradle.kts,oh-package.json5,.gitignore}";

/// The answer to `initialize`.
pub(super) fn offered(can: &Abilities) -> Value {
    let pull = DiagnosticOptions {
        identifier: Some("ffilint".into()),
        // A change in C can make a Dart file wrong that nobody has open.
        inter_file_dependencies: true,
        workspace_diagnostics: true,
        work_done_progress_options: WorkDoneProgressOptions { work_done_progress: None },
    };
    let capabilities = ServerCapabilities {
        position_encoding: Some(can.encoding.name()),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(Save::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        diagnostic_provider: can.pulls.then(|| pull.into()),
        hover_provider: Some(HoverProvider::Bool(true)),
        inlay_hint_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        references_provider: Some(true.into()),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::from(FIX_ALL)]),
                resolve_provider: Some(true),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![EXPLAIN.into()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: None,
        ..ServerCapabilities::default()
    };
    let info = ServerInfo { name: "ffilint".into(), version: Some(env!("CARGO_PKG_VERSION").into()) };
    let result = InitializeResult { capabilities, server_info: Some(info) };
    let mut result = serde_json::to_value(result).unwrap_or_default();
    let folders = WorkspaceFoldersServerCapabilities { supported: Some(true), change_notifications: Some(true.into()) };
    result["capabilities"]["workspace"] =
        json!({ "workspaceFolders": folders, "textDocumentContent": { "schemes": [PAGES] } });
    result
}

/// The files that the client is asked to watch.
pub(super) fn watched() -> Vec<FileSystemWatcher> {
    let endings: Vec<&str> = Language::ALL.iter().flat_map(|language| language.extensions()).copied().collect();
    let sources = format!("**/*.{{{}}}", endings.join(","));
    [sources, BESIDE.to_owned()]
        .map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::from(glob), kind: None })
        .into()
}
