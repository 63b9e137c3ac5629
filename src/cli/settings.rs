//! `ffilint config`: what is asked for and where that stands, how to ask, and what may be asked.

use std::fmt::Write as _;

use super::args::ConfigCommand;
use super::check::tell_unreadable;
use super::projects::{tell_warnings, working_directory};
use super::{CLEAN, FAILURE, Fallible, complain, file, write_out};
use crate::config::{Config, FILE_NAME};
use crate::discover::{self, Disk, Root, shown};
use crate::projects::{baseline_path, configuration};

/// What may stand in a configuration, as a JSON Schema.
const SCHEMA: &str = include_str!("../../rules/ffilint.schema.json");

/// What `-f json` writes, as a JSON Schema.
const REPORT_SCHEMA: &str = include_str!("../../rules/report.schema.json");

/// What a new configuration says.
const TEMPLATE: &str = include_str!("../../rules/ffilint.template.toml");

pub(super) fn config(command: &ConfigCommand) -> Fallible<u8> {
    match command {
        ConfigCommand::Show { paths } => show(paths),
        ConfigCommand::Schema { report } => write_out(if *report { REPORT_SCHEMA } else { SCHEMA }).map(|()| CLEAN),
        ConfigCommand::Init => init(),
    }
}

/// Shows what holds for the projects around the paths, and from where.
fn show(paths: &[std::path::PathBuf]) -> Fallible<u8> {
    let cwd = working_directory()?;
    let (roots, missing) = discover::roots(&cwd, paths);
    let mut text = String::new();
    for root in &roots {
        let config = configuration(&Disk::default(), root, false).map_err(|error| error.to_string())?;
        tell_warnings(&config);
        config.notes.iter().for_each(|note| complain(note));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&effective(root, &config, &cwd));
    }
    write_out(&text)?;
    tell_unreadable(missing.iter());
    Ok(if missing.is_empty() { CLEAN } else { FAILURE })
}

/// A configuration as TOML, with a comment on each key.
fn effective(root: &Root, config: &Config, cwd: &std::path::Path) -> String {
    let mut text = format!("# project {}\n", root.folder.display());
    let mut tables: Vec<(&str, Vec<String>)> = vec![("", Vec::new())];
    let mut put = |table: &'static str, line: String| match tables.iter_mut().find(|(name, _)| *name == table) {
        Some((_, lines)) => lines.push(line),
        None => tables.push((table, vec![line])),
    };
    let mut models = 0;
    for said in &config.said {
        let (table, key) = match said.key.split_once('.') {
            Some(("rules", key)) => ("rules", key),
            Some(("project", key)) => ("project", key),
            Some(("classes", key)) => ("classes", key),
            Some(("baseline", key)) => ("baseline", key),
            _ => ("", said.key.as_str()),
        };
        // What models say is not repeated: `ffilint ownership` knows more of it.
        if table.is_empty() && MODELS.contains(&key) {
            models += 1;
            continue;
        }
        put(table, format!("{key} = {}  # {}:{}", said.value, shown(&said.path, cwd), said.line));
    }
    let targets: Vec<String> = config.targets.to_names().iter().map(|name| format!("{name:?}")).collect();
    let baseline = shown(&baseline_path(root, config, None), &root.folder);
    let defaults = [
        ("", "targets", format!("[{}]", targets.join(", "))),
        ("", "exclude", "[]".to_owned()),
        ("", "skip", "[]".to_owned()),
        ("", "per-file-ignores", "{}".to_owned()),
        ("", "min-confidence", "\"medium\"".to_owned()),
        ("", "check-vendored", "false".to_owned()),
        ("", "models", "[]".to_owned()),
        ("project", "native", "[]".to_owned()),
        ("classes", "dispose", "[]".to_owned()),
        ("baseline", "path", format!("{baseline:?}")),
    ];
    for (table, key, value) in defaults {
        let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        if !config.says(&whole) {
            let and = if key == "targets" { "; of an application and a plugin its own" } else { "" };
            put(table, format!("{key} = {value}  # default{and}"));
        }
    }
    if models > 0 {
        put("", "# and models, of which `ffilint ownership` and `ffilint doctor` tell".to_owned());
    }
    for (table, lines) in tables {
        if !table.is_empty() {
            let _ = write!(text, "\n[{table}]\n");
        }
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// Keys that hold models.
const MODELS: [&str; 7] = ["pack", "family", "equivalence", "constants", "type", "variable", "function"];

/// Writes a configuration in which everything is a comment, where there is none.
fn init() -> Fallible<u8> {
    let cwd = working_directory()?;
    let path = cwd.join(FILE_NAME);
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(format!("{FILE_NAME} is there already; it is not overwritten"));
    }
    file::write(&path, TEMPLATE)?;
    write_out(&format!("{FILE_NAME}: written; `ffilint config show` says what holds\n")).map(|()| CLEAN)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use crate::target::TargetSet;
    use crate::{config, render, rules};

    /// Holds a shipped schema against the types it describes; `FFILINT_BLESS=1` writes it.
    fn shipped(name: &str, schema: &Value) -> Result<(), Box<dyn std::error::Error>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(schema)?);
        if std::env::var_os("FFILINT_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(&path, &text)?;
        }
        let is_same = std::fs::read_to_string(&path)? == text;
        assert!(is_same, "rules/{name} is not what the types say; FFILINT_BLESS=1 cargo test writes it");
        Ok(())
    }

    #[test]
    fn the_schema_of_the_configuration_is_what_is_read() -> Result<(), Box<dyn std::error::Error>> {
        let mut schema = config::schema::generated();
        let mut entries = config::schema::of::<crate::models::schema::Entries>();
        for part in ["properties", "definitions"] {
            let (all, of_models) = (schema[part].as_object_mut(), entries[part].as_object_mut());
            all.ok_or("no object")?.append(of_models.ok_or("no object")?);
        }
        let names = || rules::names().into_iter();
        let listed: Vec<&str> = names().chain(["all"]).collect();
        schema["properties"]["rules"]["propertyNames"] = json!({ "enum": listed });
        schema["properties"]["per-file-ignores"]["additionalProperties"]["items"]["enum"] = json!(listed);
        schema["properties"]["per-file-ignores"]["additionalProperties"]["minItems"] = json!(1);
        schema["properties"]["targets"]["minItems"] = json!(1);
        schema["properties"]["targets"]["items"]["enum"] = json!(TargetSet::names().collect::<Vec<_>>());
        shipped("ffilint.schema.json", &schema)
    }

    #[test]
    fn the_schema_of_the_report_is_what_is_written() -> Result<(), Box<dyn std::error::Error>> {
        shipped("report.schema.json", &render::json::schema::generated())
    }
}
