//! What a person can do about a finding: mend it, say why nothing is wrong, read about its rule.

use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, Command, DocumentChange, Edit,
    OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit, TextDocumentIdentifier, TextEdit, Uri,
    WorkspaceEdit,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::analysis::{Checked, State};
use super::buffers::Buffers;
use super::capabilities::{EXPLAIN, FIX_ALL};
use super::client::Abilities;
use super::findings::{Folders, Places, uri_in};
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::fix::{self, Pages};
use crate::rules;
use crate::source::{FileId, SourceFile, Span};
use crate::suppress;

/// What stands in a comment until somebody says it.
const REASON: &str = "TODO: say why nothing is wrong";

/// What is known when actions are asked for.
pub(super) struct Around<'a> {
    pub(super) state: &'a State,
    pub(super) buffers: &'a Buffers,
    pub(super) can: Abilities,
    pub(super) folders: &'a Folders,
}

/// Edits in a file of a project.
struct Edits<'a> {
    checked: &'a Checked,
    edits: Vec<(FileId, Span, String)>,
}

impl Around<'_> {
    /// The actions for a range of a file.
    pub(super) fn actions(&self, path: &Path, params: &CodeActionParams) -> Vec<CodeAction> {
        let only = params.context.only.as_deref();
        let wants = |kind: &str| only.is_none_or(|only| only.iter().any(|wanted| is_or_within(kind, wanted)));
        let mut actions = Vec::new();
        for (checked, source) in self.files(path) {
            let mut places = Places::new(checked, self.buffers, self.can, self.folders);
            let pages = Pages::new(&checked.report.sources);
            let here = |found: &&Diagnostic| found.primary.location.file == source.id;
            let mut seen = Vec::new();
            for found in checked.report.diagnostics.iter().filter(here) {
                let Some(range) = places.range(source.id, found.primary.location.span) else { continue };
                if !wants("quickfix") || !touches(&range, &params.range) {
                    continue;
                }
                let diagnostic = places.diagnostic(found);
                if checked.is_whole {
                    actions.extend(self.fix(checked, found, &pages, diagnostic.clone()));
                }
                if rules::is_of_the_code(found.rule) {
                    actions.extend(self.ignore(checked, source, found, diagnostic.clone()));
                }
                if !seen.contains(&found.rule) {
                    seen.push(found.rule);
                    actions.push(explain(found.rule, diagnostic));
                }
            }
            if wants(FIX_ALL) && checked.is_whole {
                actions.extend(self.fix_all(checked, source, &pages));
            }
        }
        actions
    }

    /// An action with its edit, which was left out when it was offered.
    pub(super) fn resolved(&self, mut action: CodeAction) -> CodeAction {
        if action.edit.is_some() {
            return action;
        }
        let text = |name: &str| action.data.as_ref().and_then(|data| data.get(name)).and_then(Value::as_str);
        let (Some(fingerprint), Some(folder)) = (text("fingerprint"), text("folder")) else { return action };
        let checked = self.state.projects.iter().find(|checked| checked.folder == Path::new(folder));
        let found = checked.and_then(|checked| {
            let mut all = checked.report.diagnostics.iter();
            Some((checked, all.find(|found| found.fingerprint == fingerprint)?))
        });
        if let Some((checked, found)) = found {
            let pages = Pages::new(&checked.report.sources);
            let fix = found.remedy.as_deref().and_then(|remedy| pages.fix(remedy, found.primary.location));
            action.edit = fix.and_then(|fix| self.edit(&Edits::of(checked, &fix)));
        }
        action
    }

    /// The file in the projects that know it.
    fn files(&self, path: &Path) -> impl Iterator<Item = (&Checked, &SourceFile)> {
        self.state.projects.iter().filter_map(move |checked| {
            let mut sources = checked.report.sources.iter();
            let source = sources.find(|source| checked.path_of(source) == path)?;
            Some((&**checked, source))
        })
    }

    fn fix(
        &self,
        checked: &Checked,
        found: &Diagnostic,
        pages: &Pages<'_>,
        diagnostic: Option<gen_lsp_types::Diagnostic>,
    ) -> Option<CodeAction> {
        let fix = pages.fix(found.remedy.as_deref()?, found.primary.location);
        let fix = fix.filter(|fix| fix.applicability != Applicability::Display)?;
        let edit = match self.can.resolves_edits {
            true => None,
            false => Some(self.edit(&Edits::of(checked, &fix))?),
        };
        Some(CodeAction {
            title: fix.title.clone(),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: diagnostic.map(|diagnostic| vec![diagnostic]),
            is_preferred: Some(fix.applicability == Applicability::Safe),
            edit,
            data: Some(json!({ "fingerprint": found.fingerprint, "folder": checked.folder })),
            ..action()
        })
    }

    fn ignore(
        &self,
        checked: &Checked,
        source: &SourceFile,
        found: &Diagnostic,
        diagnostic: Option<gen_lsp_types::Diagnostic>,
    ) -> Option<CodeAction> {
        let line = source.lines().line(found.primary.location.span.start);
        let (above, comment) = suppress::comment_for(source, line, &[found.rule], REASON);
        let at = source.lines().start(above);
        let end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
        let edits = Edits { checked, edits: vec![(source.id, Span::new(at, at), format!("{comment}{end}"))] };
        Some(CodeAction {
            title: format!("Ignore `{}` here, with a reason", found.rule),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: diagnostic.map(|diagnostic| vec![diagnostic]),
            edit: Some(self.edit(&edits)?),
            ..action()
        })
    }

    /// All fixes of a file that keep what it does, as far as they do not overlap.
    fn fix_all(&self, checked: &Checked, source: &SourceFile, pages: &Pages<'_>) -> Option<CodeAction> {
        let mut edits = Edits { checked, edits: Vec::new() };
        for found in checked.report.diagnostics.iter().filter(|found| found.primary.location.file == source.id) {
            let fix = found.remedy.as_deref().and_then(|remedy| pages.fix(remedy, found.primary.location));
            let Some(fix) = fix.filter(|fix| fix.applicability == Applicability::Safe) else { continue };
            let of_fix = fix.edits.iter().map(|edit| (edit.location.file, edit.location.span, edit.text.clone()));
            let of_fix: Vec<_> = of_fix.collect();
            let overlaps = |(file, span, _): &(FileId, Span, String)| {
                edits
                    .edits
                    .iter()
                    .any(|(other, taken, _)| other == file && (taken.overlaps(*span) || taken.start == span.start))
            };
            if of_fix.iter().all(|(file, ..)| *file == source.id) && !of_fix.iter().any(overlaps) {
                edits.edits.extend(of_fix);
            }
        }
        if edits.edits.is_empty() || !edits.keep_the_syntax(source) {
            return None;
        }
        Some(CodeAction {
            title: "Fix all that ffilint can mend safely".into(),
            kind: Some(CodeActionKind::from(FIX_ALL)),
            edit: Some(self.edit(&edits)?),
            ..action()
        })
    }

    fn edit(&self, edits: &Edits<'_>) -> Option<WorkspaceEdit> {
        let mut places = Places::new(edits.checked, self.buffers, self.can, self.folders);
        let mut by_file: Vec<(PathBuf, Uri, Vec<TextEdit>)> = Vec::new();
        for (file, span, text) in &edits.edits {
            let path = edits.checked.path_of(edits.checked.report.sources.get(file.index())?);
            let edit = TextEdit { range: places.range(*file, *span)?, new_text: text.clone() };
            match by_file.iter_mut().find(|(other, ..)| *other == path) {
                Some((.., all)) => all.push(edit),
                None => {
                    let uri = uri_in(&path, self.buffers, self.folders)?;
                    by_file.push((path, uri, vec![edit]));
                }
            }
        }
        if !self.can.versions_edits {
            let changes: HashMap<Uri, Vec<TextEdit>> =
                by_file.into_iter().map(|(_, uri, edits)| (uri, edits)).collect();
            return Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() });
        }
        let changes = by_file.into_iter().map(|(path, uri, edits)| {
            DocumentChange::TextDocumentEdit(TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier {
                    version: self.buffers.get(&path).map(|buffer| buffer.version),
                    text_document_identifier: TextDocumentIdentifier { uri },
                },
                edits: edits.into_iter().map(Edit::TextEdit).collect(),
            })
        });
        Some(WorkspaceEdit { document_changes: Some(changes.collect()), ..WorkspaceEdit::default() })
    }
}

impl<'a> Edits<'a> {
    /// Whether the file can be parsed after the edits as well as before.
    fn keep_the_syntax(&self, source: &SourceFile) -> bool {
        let of_file = self.edits.iter().filter(|(file, ..)| *file == source.id);
        let edits = of_file.map(|(file, span, text)| {
            let location = crate::source::Location { file: *file, span: *span };
            crate::diagnostic::Edit { location, text: text.clone() }
        });
        let edits: Vec<_> = edits.collect();
        let new = fix::edited(&source.text, &edits);
        new.is_some_and(|new| fix::syntax_errors(&new) <= fix::syntax_errors(&source.text))
    }

    fn of(checked: &'a Checked, fix: &Fix) -> Self {
        let edits = fix.edits.iter();
        Self { checked, edits: edits.map(|edit| (edit.location.file, edit.location.span, edit.text.clone())).collect() }
    }
}

fn explain(rule: &str, diagnostic: Option<gen_lsp_types::Diagnostic>) -> CodeAction {
    let title = format!("Explain `{rule}`");
    CodeAction {
        title: title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: diagnostic.map(|diagnostic| vec![diagnostic]),
        command: Some(Command {
            title,
            tooltip: None,
            command: EXPLAIN.into(),
            arguments: Some(vec![Value::String(rule.to_owned())]),
        }),
        ..action()
    }
}

fn action() -> CodeAction {
    CodeAction {
        title: String::new(),
        kind: None,
        diagnostics: None,
        is_preferred: None,
        disabled: None,
        edit: None,
        command: None,
        data: None,
        tags: None,
    }
}

/// `quickfix.a` is wanted where `quickfix` is.
pub(super) fn is_or_within(kind: &str, wanted: &CodeActionKind) -> bool {
    let wanted = String::from(wanted.clone());
    wanted.is_empty() || kind == wanted || kind.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('.'))
}

fn touches(a: &Range, b: &Range) -> bool {
    let key = |position: &Position| (position.line, position.character);
    key(&a.start) <= key(&b.end) && key(&b.start) <= key(&a.end)
}
