//! The JSON Schemas that are shipped: what is read and written is valid, and what is wrong is not.

use std::error::Error;
use std::fs;
use std::time::Duration;

use ffilint::config::Config;
use ffilint::models::own::{self, OwnText};
use ffilint::{render, rules};
use serde_json::{Value, json};

use crate::cli::{code, ffilint, stdout};
use crate::fixtures::cases;
use crate::support::{self, Outcome, all_well, repository};

fn schema(name: &str) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(&fs::read_to_string(repository().join("rules").join(name))?)?)
}

/// Keywords that ask for nothing.
const NOTES: [&str; 7] = ["$schema", "$id", "title", "description", "definitions", "format", "default"];

/// Names a folder with `codeclimate.json` (GitLab: `app/validators/json_schemas`) and `DiagnosticResult.json` (reviewdog:
/// `proto/rdf/jsonschema`).
const SCHEMAS: &str = "FFILINT_SCHEMAS";

/// What is wrong with a value by a schema; a keyword that is not understood is a fault, too.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(keywords) = schema.as_object() else {
        return if schema == false { vec![format!("{at}: nothing may stand here")] } else { Vec::new() };
    };
    let below = |schema: &Value, value: &Value, name: &str| faults(root, schema, value, &format!("{at}/{name}"));
    let mut found = Vec::new();
    for (keyword, says) in keywords {
        let text = says.as_str().unwrap_or_default();
        let listed = says.as_array().into_iter().flatten();
        let is_well = match keyword.as_str() {
            name if NOTES.contains(&name) => true,
            "$ref" => {
                let to = text.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                found.extend(to.map_or(vec![format!("{at}: {text} leads nowhere")], |to| faults(root, to, value, at)));
                true
            }
            "type" => is_type(value, text) || listed.clone().any(|ty| is_type(value, ty.as_str().unwrap_or_default())),
            "const" => value == says,
            "enum" => listed.clone().any(|one| one == value),
            "minimum" => value.as_f64().is_none_or(|number| says.as_f64().is_some_and(|least| number >= least)),
            "maximum" => value.as_f64().is_none_or(|number| says.as_f64().is_some_and(|most| number <= most)),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= says.as_u64().unwrap_or(u64::MAX)),
            "required" => value
                .as_object()
                .is_none_or(|fields| listed.clone().all(|name| fields.contains_key(name.as_str().unwrap_or_default()))),
            "oneOf" => listed.clone().filter(|way| below(way, value, "").is_empty()).count() == 1,
            "allOf" => listed.clone().all(|way| below(way, value, "").is_empty()),
            "anyOf" => listed.clone().any(|way| below(way, value, "").is_empty()),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(index, item)| below(says, item, &index.to_string())));
                true
            }
            "properties" => {
                let fields = value.as_object().into_iter().flatten();
                found.extend(fields.filter_map(|(name, value)| Some(below(says.get(name)?, value, name))).flatten());
                true
            }
            "additionalProperties" => {
                let known = |name: &String| keywords.get("properties").is_some_and(|known| known.get(name).is_some());
                let fields = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
                found.extend(fields.flat_map(|(name, value)| below(says, value, name)));
                true
            }
            "propertyNames" => {
                let names = value.as_object().into_iter().flatten().map(|(name, _)| name);
                found.extend(names.flat_map(|name| below(says, &json!(name), name)));
                true
            }
            _ => false,
        };
        if !is_well {
            found.push(format!("{at}: `{keyword}` says {says}, here is {value:.80}"));
        }
    }
    found
}

fn is_type(value: &Value, ty: &str) -> bool {
    match ty {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// What is wrong with the text of an `ffilint.toml`.
fn config_faults(text: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let schema = schema("ffilint.schema.json")?;
    let value: Value = toml::from_str(text)?;
    Ok(faults(&schema, &schema, &value, ""))
}

/// The texts between fences of a language, in a page.
fn fenced(page: &str, language: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(repository().join(page))?;
    let blocks = text.split("```").skip(1).step_by(2);
    Ok(blocks.filter_map(|block| Some(block.strip_prefix(language)?.strip_prefix('\n')?.to_owned())).collect())
}

#[test]
fn configurations_of_pages_and_fixtures_are_valid() -> Outcome {
    let mut texts = Vec::new();
    for (number, text) in fenced("docs/configuration.md", "toml")?.into_iter().enumerate() {
        Config::parse(&text, "ffilint.toml".as_ref(), &rules::names())?;
        texts.push((format!("docs/configuration.md, example {}", number + 1), text));
    }
    assert!(!texts.is_empty(), "the page has examples");
    for path in support::files_below(&repository().join("fixtures")) {
        if path.ends_with("ffilint.toml") {
            texts.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    let mut failures = Vec::new();
    for (name, text) in texts {
        failures.extend(config_faults(&text)?.into_iter().map(|fault| format!("{name}{fault}")));
    }
    all_well(failures)
}

#[test]
fn examples_in_yaml_are_understood() -> Outcome {
    let examples = fenced("docs/configuration.md", "yaml")?;
    assert!(!examples.is_empty(), "the page has examples");
    for text in examples {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join(".git"))?;
        fs::write(folder.path().join("analysis_options.yaml"), &text)?;
        let output = ffilint(folder.path(), &["config", "show"])?;
        assert_eq!(code(&output), 0, "{text}{}", crate::cli::stderr(&output));
        assert!(stdout(&output).contains("# analysis_options.yaml:"), "{}", stdout(&output));
    }
    Ok(())
}

#[test]
fn what_is_no_configuration_is_not_valid() -> Outcome {
    for text in [
        "exlude = []",
        "exclude = 3",
        "exclude = [3]",
        "targets = [\"windos\"]",
        "targets = []",
        "min-confidence = \"sure\"",
        "check-vendored = 1",
        "[rules]\nleaked = \"off\"",
        "[rules]\ndouble_free = \"of\"",
        "[per-file-ignores]\n\"lib/\" = [\"leaked\"]",
        "[per-file-ignores]\n\"lib/\" = []",
        "[project]\nnativ = []",
        "[classes]\ndispose = \"x\"",
        "[baseline]\nfile = \"x\"",
        "function = 3",
        "[[function]]\nsymbol = \"f\"\nreslt = { static = true }",
        "[[function]]\nsymbol = \"f\"\nresult = { ownd = \"x\" }",
        "[[function]]\nsymbol = \"f\"\neffects = [{ take = true }]",
        "[[function]]\nsymbol = \"f\"\nstatus = \"zeroo\"",
        "[[family]]\nname = \"x\"",
        "[constants]\nA = \"x\"",
    ] {
        assert!(!config_faults(text)?.is_empty(), "{text} is valid");
        let entries = OwnText { path: "ffilint.toml", text, is_config: true, without: &[] };
        let is_wrong = Config::parse(text, "ffilint.toml".as_ref(), &rules::names()).is_err();
        assert!(is_wrong || !own::read(entries).1.is_empty(), "{text} is understood");
    }
    Ok(())
}

#[test]
fn models_of_pages_and_of_the_program_are_valid() -> Outcome {
    let mut texts: Vec<(String, String)> = Vec::new();
    for (number, text) in fenced("rules/README.md", "toml")?.into_iter().enumerate() {
        texts.push((format!("rules/README.md, example {}", number + 1), text));
    }
    for path in support::files_below(&repository().join("rules/models")) {
        texts.push((path.display().to_string(), fs::read_to_string(&path)?));
    }
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, text) in texts {
        let mut value: toml::Table = toml::from_str(&text)?;
        // What only a file of models has.
        value.retain(|key, _| !["schema", "naming", "toolchain", "hints"].contains(&key));
        count += value.get("function").and_then(toml::Value::as_array).map_or(0, Vec::len);
        let schema = schema("ffilint.schema.json")?;
        let faults = faults(&schema, &schema, &serde_json::to_value(value)?, "");
        failures.extend(faults.into_iter().take(3).map(|fault| format!("{name}{fault}")));
    }
    assert!(count > 100, "{count} functions");
    all_well(failures)
}

#[test]
fn the_schema_and_the_page_know_every_key() -> Outcome {
    let schema = schema("ffilint.schema.json")?;
    let page = fs::read_to_string(repository().join("docs/configuration.md"))?;
    let said = Config::parse("zzz = 1", "x".as_ref(), &rules::names()).err().map(|error| error.to_string());
    let said = said.unwrap_or_default();
    let keys: Vec<&str> = said.split("known are ").nth(1).unwrap_or_default().split(", ").collect();
    assert!(keys.len() > 15, "{said}");
    for key in &keys {
        assert!(schema["properties"].get(key).is_some(), "the schema lacks {key}");
        assert!(page.contains(&format!("`{key}`")) || page.contains(&format!("[{key}]")), "the page lacks {key}");
    }
    assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(keys.len()));
    Ok(())
}

#[test]
fn reports_are_valid() -> Outcome {
    let schema = schema("report.schema.json")?;
    let of = |text: &str| -> Result<Vec<String>, Box<dyn Error>> {
        Ok(faults(&schema, &schema, &serde_json::from_str(text)?, ""))
    };
    let canned = fs::read_to_string(repository().join("fixtures/render/canned.json"))?;
    assert_eq!(of(&canned)?, Vec::<String>::new());
    for (word, instead) in
        [("\"version\"", "\"varsion\""), ("\"kind\":\"", "\"kind\":\"x"), ("\"line\":", "\"line\":-")]
    {
        assert!(canned.contains(word), "{word}");
        assert!(!of(&canned.replacen(word, instead, 1))?.is_empty(), "{instead} is valid");
    }
    let mut failures = Vec::new();
    for case in cases() {
        let (project, options) = support::project(&case)?;
        let report = support::check(project, &options, 2)?;
        let text = render::json::render(&report, Duration::from_millis(1), true)?;
        failures.extend(of(&text)?.into_iter().map(|fault| format!("{}: {fault}", case.display())));
    }
    all_well(failures)
}

/// What GitLab's documentation says of an entry of a code quality report.
fn gitlab_schema() -> Value {
    let text = json!({ "type": "string" });
    let line = json!({ "type": "integer", "minimum": 1 });
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false });
    let lines = object(&["begin"], json!({ "begin": line, "end": line }));
    let severity = json!({ "enum": ["info", "minor", "major", "critical", "blocker"] });
    let fields = json!({
        "description": text, "check_name": text, "fingerprint": text, "severity": severity,
        "location": object(&["path", "lines"], json!({ "path": text, "lines": lines })),
    });
    let names = ["description", "check_name", "fingerprint", "severity", "location"];
    json!({ "type": "array", "items": object(&names, fields) })
}

/// What reviewdog's `reviewdog.proto` says of a report.
fn rdjson_schema() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 1 });
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let position = object(&["line", "column"], json!({ "line": number, "column": number }));
    let range = object(&["start", "end"], json!({ "start": position, "end": position }));
    let location = object(&["path", "range"], json!({ "path": text, "range": range }));
    let diagnostic = object(
        &["message", "location", "severity", "code"],
        json!({
            "message": text, "location": location, "severity": { "enum": ["ERROR", "WARNING", "INFO"] },
            "code": object(&["value"], json!({ "value": text, "url": text })),
            "suggestions": list(object(&["range", "text"], json!({ "range": range, "text": text }))),
            "related_locations": list(object(&["location"], json!({ "message": text, "location": location }))),
        }),
    );
    let source = object(&["name"], json!({ "name": text, "url": text }));
    object(&["source", "diagnostics"], json!({ "source": source, "diagnostics": list(diagnostic) }))
}

#[test]
fn reports_fit_the_schemas_of_others() -> Outcome {
    let text = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n// \u{1f600} lies outside the basic plane.\nvoid leak() \
                {\r\n  final x = '\u{1f600}\u{1f600}'; final cell = calloc<Int32>(); cell.value = \
                x.length;\n}\n\nvoid wide() {\n  print('\u{1f600}'); print(calloc<Int32>()); print('\u{1f600}');\n}\n";
    let folder = crate::cli::project(&[("lib/\u{1f600} b.dart", text.as_bytes())])?;
    let published = std::env::var_os(SCHEMAS).map(std::path::PathBuf::from);
    let read = |name: &str| -> Result<Option<Value>, Box<dyn Error>> {
        let text = published.as_ref().map(|folder| fs::read_to_string(folder.join(name))).transpose()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    let (gitlab, rdjson) = (read("codeclimate.json")?, read("DiagnosticResult.json")?);
    let mut schemas = vec![("gitlab", gitlab_schema()), ("rdjson", rdjson_schema())];
    schemas.extend(gitlab.map(|entry| ("gitlab", json!({ "type": "array", "items": entry }))));
    schemas.extend(rdjson.map(|report| ("rdjson", report)));
    if published.is_none() {
        // Past the capture of the test harness: what is not tested is said.
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("skipped: {SCHEMAS} names no folder\n"))?;
    }
    for root in [folder.path(), repository().join("fixtures/demo").as_path()] {
        for (format, schema) in &schemas {
            let report: Value = serde_json::from_str(&stdout(&ffilint(root, &["-f", format])?))?;
            assert_eq!(faults(schema, schema, &report, ""), Vec::<String>::new(), "{format}");
            // It can fail.
            let field = if *format == "gitlab" { "/0/location" } else { "/diagnostics/0/location" };
            let mut broken = report.clone();
            *broken.pointer_mut(field).ok_or("no finding")? = json!(3);
            assert!(!faults(schema, schema, &broken, "").is_empty(), "{format}");
        }
    }
    // Columns of rdjson count bytes.
    let report: Value = serde_json::from_str(&stdout(&ffilint(folder.path(), &["-f", "rdjson"])?))?;
    let start = &report["diagnostics"][0]["location"]["range"]["start"];
    let line = text.lines().nth(5).ok_or("no line")?;
    let column = line.find("calloc").map(|at| at + 1);
    assert_eq!((start["line"].as_u64(), start["column"].as_u64()), (Some(6), column.map(|at| at as u64)), "{report}");
    Ok(())
}
