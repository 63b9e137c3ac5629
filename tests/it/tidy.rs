//! Rules of the repository.

use std::collections::BTreeMap;
use std::fs;

use ffilint::rules;

use crate::support::{self, Outcome, all_well, entries, files_below, name, repository};

/// The rooms of the architecture: a module uses its own room and those before it.
const ROOMS: &[(u32, &[&str])] = &[
    (1, &["source", "language", "target", "config", "discover", "vocabulary"]),
    (2, &["parse"]),
    (3, &["ir", "lower"]),
    (4, &["summary", "models"]),
    (5, &["link", "conventions"]),
    (6, &["state", "flow", "signatures", "classes", "violation"]),
    (7, &["diagnostic", "fix", "rules", "suppress"]),
    (8, &["workspace"]),
    (9, &["render", "projects", "lsp", "cli", "lib", "main"]),
];

const LONGEST_FILE: usize = 800;
const LONGEST_RULE: usize = 190;

#[test]
fn rooms_use_only_the_rooms_before_them() -> Outcome {
    let rooms: BTreeMap<&str, u32> =
        ROOMS.iter().flat_map(|(room, modules)| modules.iter().map(move |module| (*module, *room))).collect();
    let mut failures = Vec::new();
    for path in files_below(&repository().join("src")) {
        let below = path.strip_prefix(repository().join("src"))?;
        let module = below.components().next().map(|part| part.as_os_str().to_string_lossy().replace(".rs", ""));
        let module = module.unwrap_or_default();
        let Some(room) = rooms.get(module.as_str()) else {
            failures.push(format!("src/{} is in no room", below.display()));
            continue;
        };
        for (index, line) in fs::read_to_string(&path)?.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for used in modules_named(code) {
                if rooms.get(used.as_str()).is_none_or(|used_room| used_room > room) {
                    failures.push(format!(
                        "src/{}:{}: `{module}` is before `{used}` and must not use it",
                        below.display(),
                        index + 1
                    ));
                }
            }
        }
    }
    all_well(failures)
}

/// The modules after `crate::` in a line: `crate::a::B`, `use crate::{a::B, c};`.
fn modules_named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group.split(',').map(|item| word(item.trim()))),
            None => found.push(word(rest)),
        }
    }
    // A macro of the crate and its re-exports are no modules.
    found.retain(|module| module.starts_with(char::is_lowercase));
    found
}

#[test]
fn no_file_is_too_long() -> Outcome {
    let mut failures = Vec::new();
    for folder in ["src", "tests"] {
        for path in files_below(&repository().join(folder)) {
            let lines = fs::read_to_string(&path)?.lines().count();
            let is_rule = path.parent().is_some_and(|parent| parent.ends_with("src/rules"));
            let limit = if is_rule { LONGEST_RULE } else { LONGEST_FILE };
            if lines > limit {
                failures.push(format!("{} has {lines} lines, more than {limit}", path.display()));
            }
        }
    }
    all_well(failures)
}

#[test]
fn input_cannot_make_it_panic_on_purpose() -> Outcome {
    let mut failures = Vec::new();
    for path in files_below(&repository().join("src")) {
        let text = fs::read_to_string(&path)?;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!("] {
            if code.contains(word) {
                failures.push(format!("{} contains `{word}`", path.display()));
            }
        }
    }
    all_well(failures)
}

#[test]
fn every_rule_is_whole() -> Outcome {
    let root = repository();
    let changelog = fs::read_to_string(root.join("CHANGELOG.md"))?;
    let mut failures = Vec::new();
    for rule in rules::ALL {
        let mut need = |what: &str, there: bool| {
            if !there {
                failures.push(format!("{} has no {what}", rule.name));
            }
        };
        need("page that begins with its name", rule.page.starts_with(&format!("# {}\n", rule.name)));
        need("file", root.join(format!("src/rules/{}.rs", rule.name)).is_file());
        need("entry in CHANGELOG.md", changelog.contains(&format!("`{}`", rule.name)));
        need("summary", !rule.summary.is_empty() && !rule.summary.ends_with('.'));
        let cases: Vec<_> = entries(&root.join("fixtures/rules").join(rule.name)).iter().map(|p| name(p)).collect();
        // What a fault of the tool looks like cannot be written down as a project.
        let exempt = rule.cwe.is_none();
        need("_bad fixture", exempt || cases.iter().any(|case| case.ends_with("_bad")));
        need("_ok fixture", exempt || cases.iter().any(|case| case.ends_with("_ok")));
    }
    for page in entries(&root.join("rules")).iter().map(|path| name(path)).filter(|name| name.ends_with(".md")) {
        let stem = page.trim_end_matches(".md");
        if stem != "README" && rules::find(stem).is_none() {
            failures.push(format!("rules/{page} belongs to no rule"));
        }
    }
    all_well(failures)
}

#[test]
fn readme_shows_a_real_report() -> Outcome {
    let (begin, end) =
        ("<!-- report: the first finding of fixtures/demo; a test keeps it -->\n", "<!-- end of report -->");
    let path = repository().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme.split_once(begin).ok_or("README.md lacks the mark of its report")?;
    let (_, after) = rest.split_once(end).ok_or("README.md lacks the end of its report")?;

    let (project, options) = support::project(&repository().join("fixtures/demo"))?;
    let report = support::check(project, &options, 1)?;
    if report.diagnostics.is_empty() {
        return Err("the demo has no findings to show".into());
    }
    let output = support::output(&report);
    let first = output.split("\n\n").next().unwrap_or_default();
    let last = output.lines().last().unwrap_or_default();
    let actual = format!("{before}{begin}```text\n{first}\n\n…\n\n{last}\n```\n{end}{after}");
    all_well(support::snapshot(&path, &actual)?.into_iter().collect())
}

#[test]
fn models_readme_shows_the_states() -> Outcome {
    let (begin, end) =
        ("<!-- states: the transition function of src/state.rs; a test keeps it -->\n", "<!-- end of states -->");
    let path = repository().join("rules/README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme.split_once(begin).ok_or("rules/README.md lacks the mark of its states")?;
    let (_, after) = rest.split_once(end).ok_or("rules/README.md lacks the end of its states")?;
    let actual = format!("{before}{begin}\n{}\n{end}{after}", ffilint::state::table());
    all_well(support::snapshot(&path, &actual)?.into_iter().collect())
}
