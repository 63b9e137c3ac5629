//! What is told of a place: the findings there, else what becomes of the memory that it leads to and who owns what the
//! function hands over that is called there. The same in a few words beside the code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{
    Contents, Hover, HoverParams, InlayHint, InlayHintParams, MarkupContent, MarkupKind, Range, Tooltip,
};
use serde_json::{Value, json};

use super::analysis::{Checked, Order, Telling};
use super::convert::Lines;
use super::server::Server;
use crate::diagnostic::Diagnostic;
use crate::render;
use crate::rules::fates;
use crate::source::{SourceFile, Span};
use crate::workspace::stories::Stories;

/// More stories of one place say no more.
const MOST: usize = 3;

impl Server {
    pub(super) fn hover(&mut self, params: HoverParams) -> Option<Value> {
        let at = params.text_document_position_params;
        let Some(path) = self.real_path(&at.text_document.uri) else { return Some(Value::Null) };
        if !self.is_known_as_it_is(&path) {
            return None;
        }
        let encoding = self.client.can.encoding;
        let mut told = Vec::new();
        let mut range: Option<Range> = None;
        for (checked, source) in self.sources(&path) {
            let lines = Lines::of(&source.text);
            let offset = lines.offset(&source.text, at.position, encoding) as u32;
            for (span, text) in findings(checked, source, offset) {
                range.get_or_insert_with(|| lines.range(&source.text, span, encoding));
                told.push(text);
            }
        }
        if told.is_empty() {
            let Some(all) = self.stories(&path) else {
                self.ask_for(path);
                return None;
            };
            for (source, stories) in all {
                let lines = Lines::of(&source.text);
                let offset = lines.offset(&source.text, at.position, encoding) as u32;
                for (span, text) in tell(&stories, offset) {
                    range.get_or_insert_with(|| lines.range(&source.text, span, encoding));
                    told.push(text);
                }
            }
        }
        if told.is_empty() {
            return Some(Value::Null);
        }
        let contents = Contents::MarkupContent(markdown(told.join("\n\n---\n\n")));
        Some(json!(Hover { contents, range }))
    }

    pub(super) fn hints(&mut self, params: InlayHintParams) -> Option<Value> {
        let Some(path) = self.real_path(&params.text_document.uri) else { return Some(Value::Null) };
        if !self.is_known_as_it_is(&path) {
            return None;
        }
        let encoding = self.client.can.encoding;
        let mut found = Vec::new();
        match self.stories(&path) {
            None => {
                self.ask_for(path);
                return None;
            }
            Some(all) => {
                for (source, stories) in all {
                    let lines = Lines::of(&source.text);
                    let ends = [params.range.start, params.range.end];
                    let [start, end] = ends.map(|end| lines.offset(&source.text, end, encoding) as u32);
                    for hint in stories.hints.iter().filter(|hint| start <= hint.at && hint.at <= end) {
                        let story = hint.story.and_then(|story| stories.stories.get(story)).cloned();
                        found.push(InlayHint {
                            position: lines.position(&source.text, hint.at, encoding),
                            label: hint.label.clone().into(),
                            kind: None,
                            text_edits: None,
                            tooltip: story.map(|story| Tooltip::MarkupContent(markdown(story))),
                            padding_left: Some(true),
                            padding_right: None,
                            data: None,
                        });
                    }
                }
            }
        }
        self.has_hints = true;
        Some(json!(found))
    }

    /// A file in each project that has it.
    fn sources<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a Checked, &'a SourceFile)> {
        self.state.projects.iter().filter_map(move |checked| {
            let sources = &checked.report.sources;
            Some((&**checked, sources.iter().find(|source| checked.path_of(source) == path)?))
        })
    }

    /// What can be told of a file, in each project that has it; nothing where that is not known yet.
    fn stories<'a>(&'a self, path: &'a Path) -> Option<Vec<(&'a SourceFile, Arc<Stories>)>> {
        let known = |telling: Telling| match telling {
            Telling::Known(stories) => Some(stories),
            Telling::Later => None,
        };
        self.sources(path).map(|(checked, source)| Some((source, checked.stories(path).and_then(known)?))).collect()
    }

    /// Asks for what can be told of a file, where nobody did: what comes later comes by itself.
    fn ask_for(&mut self, path: PathBuf) {
        if self.sources(&path).any(|(checked, _)| checked.stories(&path).is_none()) {
            self.order(Order::Stories(path));
        }
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// The findings at a place, and which of their places that is.
fn findings(checked: &Checked, source: &SourceFile, offset: u32) -> Vec<(Span, String)> {
    let here = |found: &Diagnostic| {
        let steps = found.trace.iter().map(|step| step.location);
        let mut places = std::iter::once(found.primary.location).chain(steps);
        let is_here = |place: &crate::source::Location| {
            place.file == source.id && place.span.start <= offset && offset <= place.span.end
        };
        Some((places.find(is_here)?.span, story(found, &checked.report.sources)))
    };
    checked.report.diagnostics.iter().filter_map(here).collect()
}

/// What is told of a place where nothing is wrong: of the smallest that has it.
fn tell(stories: &Stories, offset: u32) -> Vec<(Span, String)> {
    let here = stories.told.iter().filter(|told| told.span.start <= offset && offset <= told.span.end);
    let Some(told) = here.min_by_key(|told| told.span.end - told.span.start) else { return Vec::new() };
    let of_memory = told.stories.iter().filter_map(|story| stories.stories.get(*story)).take(MOST).cloned();
    let of_function = told.function.and_then(|function| stories.known(function)).map(|(name, known)| {
        let words = render::ownership::known(name, &known);
        format!("```text\n{}\n```", words.trim_end())
    });
    of_memory.chain(of_function).map(|text| (told.span, text)).collect()
}

/// What is said of a finding to somebody who points at one of its places.
fn story(found: &Diagnostic, sources: &[SourceFile]) -> String {
    let steps = fates::numbered(&found.trace, sources);
    let mut text = format!("**{}** `{}`{steps}", render::message_with_trust(found), found.rule);
    if let Some(help) = &found.help {
        text.push_str(&format!("\n\n{help}"));
    }
    text
}
