//! `ffilint links`.

use super::args::{LinksArguments, LinksFormat};
use super::check::MOST_TOLD;
use super::projects::{self, Opened, working_directory};
use super::{CLEAN, FAILURE, Fallible, complain, threads, write_out};
use crate::discover::Problem;
use crate::models::ModelSet;
use crate::workspace::links::LinkList;
use crate::workspace::{Options, Workspace};
use crate::{render, workspace};

/// Lists the links of the projects around the paths.
pub(super) fn list(arguments: &LinksArguments) -> Fallible<u8> {
    let threads = threads(arguments.listing.jobs.unwrap_or(0), false);
    let pool = workspace::pool(threads).map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| run(arguments))
}

fn run(arguments: &LinksArguments) -> Fallible<u8> {
    let (projects, missing) = projects::read(&working_directory()?, &arguments.paths, arguments.listing.isolated)?;
    let mut list = LinkList::default();
    for Opened { config, project, .. } in projects {
        list.append(Workspace::new(project).links(ModelSet::builtin(), &Options::of(&config)));
    }
    let text = match arguments.listing.format {
        LinksFormat::Full => render::links::full(&list),
        LinksFormat::Json => render::links::json(&list).map_err(|error| format!("cannot write JSON: {error}"))?,
    };
    write_out(&text)?;
    for Problem { path, reason } in list.skipped.iter().take(MOST_TOLD) {
        complain(&format!("skipped {path}: {reason}"));
    }
    if list.skipped.len() > MOST_TOLD {
        complain(&format!("{} more skipped", list.skipped.len() - MOST_TOLD));
    }
    for Problem { path, reason } in missing.iter().chain(&list.unreadable) {
        complain(&format!("cannot read {path}: {reason}"));
    }
    Ok(if missing.is_empty() && list.unreadable.is_empty() { CLEAN } else { FAILURE })
}
