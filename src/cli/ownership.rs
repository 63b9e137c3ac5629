//! `ffilint ownership`.

use std::path::PathBuf;

use super::args::{LinksFormat, OwnershipArguments};
use super::projects::{self, Opened, working_directory};
use super::{CLEAN, FAILURE, Fallible, complain, threads, write_out};
use crate::config;
use crate::discover::Problem;
use crate::models::ModelSet;
use crate::workspace::{Options, Workspace};
use crate::{render, workspace};

/// Says what is known of a name, or lists the bindings of which nothing is.
pub(super) fn ownership(arguments: &OwnershipArguments) -> Fallible<u8> {
    let (name, paths) = match (arguments.unknown, arguments.names.as_slice()) {
        (true, paths) => (None, paths),
        (false, [name, paths @ ..]) => (Some(name.as_str()), paths),
        (false, []) => return Err("name a function, or write `--unknown` for all of which nothing is known".into()),
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let pool = workspace::pool(threads(arguments.listing.jobs.unwrap_or(0), false));
    let pool = pool.map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| tell(name, &paths, arguments))
}

fn tell(name: Option<&str>, paths: &[PathBuf], arguments: &OwnershipArguments) -> Fallible<u8> {
    let (projects, missing) = projects::read(&working_directory()?, paths, arguments.listing.isolated)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for Opened { config, project, .. } in projects {
        let options = Options::of(&config);
        let workspace = Workspace::new(project);
        match name {
            None => unknown.push(workspace.unknown_ownership(ModelSet::builtin(), &options)),
            Some(name) => known.push(workspace.ownership(ModelSet::builtin(), &options, name)),
        }
    }
    let is_there = known.iter().any(|known| known.is_there);
    let json =
        |written: Result<String, serde_json::Error>| written.map_err(|error| format!("cannot write JSON: {error}"));
    let text = match (name, arguments.listing.format) {
        (Some(_), _) if !is_there => String::new(),
        (None, LinksFormat::Full) => unknown.iter().map(render::ownership::unknown).collect(),
        (None, LinksFormat::Json) => json(render::ownership::json::unknown(&unknown))?,
        (Some(name), LinksFormat::Full) => {
            let there = known.iter().filter(|known| known.is_there);
            there.map(|known| render::ownership::known(name, known)).collect()
        }
        (Some(name), LinksFormat::Json) => json(render::ownership::json::known(name, &known))?,
    };
    write_out(&text)?;
    for Problem { path, reason } in &missing {
        complain(&format!("cannot read {path}: {reason}"));
    }
    match (name, known.last()) {
        (Some(name), Some(last)) if !is_there => {
            Err(format!("nothing here and no model is called `{}`{}", config::short(name), last.meant))
        }
        _ => Ok(if missing.is_empty() { CLEAN } else { FAILURE }),
    }
}
