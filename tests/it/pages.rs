//! A rule's page is its documentation and its test: the bad example gives that rule and no other, the good one nothing.

use ffilint::config::Setting;
use ffilint::language::Language;
use ffilint::rules;
use ffilint::workspace::Options;

use crate::support::{self, Outcome, all_well};

#[test]
fn examples_on_pages_give_what_they_say() -> Outcome {
    let mut failures = Vec::new();
    for rule in rules::ALL {
        let examples = examples(rule.page);
        let has = |kind: &str| examples.iter().any(|example| example.kind == kind);
        // The fault of the tool itself has no example.
        if rule.cwe.is_some() && !(has("bad") && has("good")) {
            failures.push(format!("rules/{}.md lacks a bad or a good example", rule.name));
        }
        for Example { kind, texts } in &examples {
            let mut options = Options::default();
            if !rule.on {
                options.rules.insert(rule.name.to_owned(), Setting::Note);
            }
            let report = support::check(support::example(texts), &options, 1)?;
            let found: Vec<_> = report.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect();
            let fits = match kind.as_str() {
                "bad" => !found.is_empty() && found.iter().all(|name| *name == rule.name),
                "good" => found.is_empty(),
                _ => false,
            };
            if !fits {
                let output = support::output(&report);
                failures.push(format!("rules/{}.md: the {kind} example gives {found:?}\n{output}", rule.name));
            }
        }
    }
    all_well(failures)
}

struct Example {
    kind: String,
    texts: Vec<(Language, String)>,
}

/// The blocks fenced as ```` ```dart bad ```` and ```` ```dart good ````. Blocks of one kind in several languages that
/// follow each other are one example.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        let fence = line.strip_prefix("```").and_then(|fence| fence.split_once(' '));
        let language = fence.and_then(|(id, _)| Language::ALL.iter().find(|language| language.id() == id));
        if let (Some((_, kind)), Some(&language)) = (fence, language) {
            let kind = kind.trim().to_owned();
            match examples.last_mut() {
                Some(last) if last.kind == kind && last.texts.iter().all(|(known, _)| *known != language) => {
                    last.texts.push((language, String::new()));
                }
                _ => examples.push(Example { kind, texts: vec![(language, String::new())] }),
            }
            open = true;
        } else if line.starts_with("```") {
            open = false;
        } else if let (true, Some((_, text))) = (open, examples.last_mut().and_then(|last| last.texts.last_mut())) {
            text.push_str(line);
            text.push('\n');
        }
    }
    examples
}
