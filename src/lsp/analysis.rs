//! The projects in memory, on a thread of their own: orders in, states out.
//!
//! Orders are numbered. All that wait are carried out before anything is analysed, so that whoever types fast waits for
//! one analysis and not for each key; a state says which order was the last that it knows of.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::config::{Config, ConfigError};
use crate::discover::{self, Caps, Disk, Root};
use crate::flow;
use crate::models::ModelSet;
use crate::projects;
use crate::source::SourceFile;
use crate::workspace::links::LinkList;
use crate::workspace::{self, Options, Report, Scope, Workspace};

/// How long nobody may have typed before files are chosen anew.
const PAUSE: Duration = Duration::from_millis(400);

/// What an analysis is to know.
#[derive(Debug)]
pub(super) enum Order {
    /// The folders that are looked at.
    Folders(Vec<PathBuf>),
    /// A document has this text, whatever is on the disk; nothing for one that is closed.
    Text(PathBuf, Option<Arc<str>>),
    /// These files were made, changed or removed on the disk.
    Disk(Vec<PathBuf>),
    /// Somebody wants to know what is linked to what.
    Links,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The number of the last order that was carried out; they count from 1.
    pub(super) number: u64,
    /// Of each project, in the order of their folders.
    pub(super) projects: Vec<Arc<Checked>>,
    /// What to tell the person: files that cannot be read, faults of the program.
    pub(super) problems: Vec<String>,
    /// Where configurations are wrong.
    pub(super) faults: Vec<ConfigError>,
}

/// What was found in one project.
#[derive(Debug)]
pub(super) struct Checked {
    /// Its folder, to which the paths of the report are relative.
    pub(super) folder: PathBuf,
    pub(super) report: Report,
    /// What is linked to what, once somebody wanted to know.
    pub(super) links: OnceLock<LinkList>,
}

impl Checked {
    /// The file that a report speaks of.
    pub(super) fn path_of(&self, source: &SourceFile) -> PathBuf {
        discover::normalize(&self.folder.join(&*source.path))
    }
}

/// The thread, and how to speak with it.
pub(super) struct Analysis {
    orders: Sender<(u64, Order)>,
    pub(super) states: Receiver<State>,
    last: u64,
    thread: JoinHandle<()>,
}

impl Analysis {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system gives no threads.
    pub(super) fn start() -> Result<Self, String> {
        let pool = workspace::pool(0).map_err(|error| format!("cannot start threads: {error}"))?;
        let (orders, waiting) = crossbeam_channel::unbounded();
        let (tell, states) = crossbeam_channel::unbounded();
        let work = move || {
            let mut worker = Worker { waiting, tell, ..Worker::default() };
            pool.install(|| worker.work());
        };
        let thread = std::thread::Builder::new().name("analysis".into()).spawn(work);
        let thread = thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Self { orders, states, last: 0, thread })
    }

    /// Orders something; the number of the order.
    pub(super) fn order(&mut self, order: Order) -> u64 {
        self.last += 1;
        // A thread that is gone is seen where its states are waited for.
        let _ = self.orders.send((self.last, order));
        self.last
    }

    /// The number of the last order.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Ends the thread.
    pub(super) fn end(self) {
        drop((self.orders, self.states));
        let _ = self.thread.join();
    }
}

struct Worker {
    waiting: Receiver<(u64, Order)>,
    tell: Sender<State>,
    folders: Vec<PathBuf>,
    disk: Disk,
    projects: Vec<Held>,
    state: State,
    /// Which files matter may have changed with what is in them.
    is_stale: bool,
    wants_links: bool,
}

impl Default for Worker {
    fn default() -> Self {
        let (tell, _) = crossbeam_channel::bounded(0);
        Self {
            waiting: crossbeam_channel::never(),
            tell,
            folders: Vec::new(),
            disk: Disk::default(),
            projects: Vec::new(),
            state: State::default(),
            is_stale: false,
            wants_links: false,
        }
    }
}

/// A project in memory.
struct Held {
    root: Root,
    config: Config,
    workspace: Workspace,
    models: &'static ModelSet,
    checked: Option<Arc<Checked>>,
    /// What was found before the last change.
    last: Option<Arc<Checked>>,
}

impl Held {
    /// The path by which the project knows a file of its own or one beside it.
    fn key(&self, path: &Path) -> String {
        discover::shown(path, &self.root.folder)
    }

    fn check(&mut self, wants_links: bool) {
        let options = Options { scope: Scope::Project, ..Options::of(&self.config) };
        let checked = self.checked.get_or_insert_with(|| {
            let report = self.workspace.check(self.models, &options);
            Arc::new(Checked { folder: self.root.folder.clone(), report, links: OnceLock::new() })
        });
        if wants_links {
            checked.links.get_or_init(|| self.workspace.links(self.models, &options));
        }
    }
}

impl Worker {
    fn work(&mut self) {
        loop {
            let first = match self.is_stale {
                false => self.waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                true => self.waiting.recv_timeout(PAUSE),
            };
            match first {
                Ok(first) => {
                    let more: Vec<_> = self.waiting.try_iter().collect();
                    let mut reads = false;
                    for (number, order) in std::iter::once(first).chain(more) {
                        reads |= self.carry_out(order);
                        self.state.number = number;
                    }
                    if reads {
                        self.read();
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.read(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let wants_links = std::mem::take(&mut self.wants_links);
            for held in &mut self.projects {
                // One project's panic leaves the others, and what was last found in it.
                if let Err(reason) = flow::guarded(|| held.check(wants_links)) {
                    let folder = held.root.folder.display();
                    self.state.problems.push(format!("internal error in {folder}: {reason}; please report it"));
                    held.checked.clone_from(&held.last);
                }
                held.last.clone_from(&held.checked);
            }
            self.state.projects = self.projects.iter().filter_map(|held| held.checked.clone()).collect();
            if self.tell.send(self.state.clone()).is_err() {
                return;
            }
        }
    }

    /// Whether the projects must be read again.
    fn carry_out(&mut self, order: Order) -> bool {
        match order {
            Order::Folders(folders) => {
                self.folders = folders;
                true
            }
            Order::Links => {
                self.wants_links = true;
                false
            }
            Order::Disk(paths) => paths.iter().any(|path| matters(path)),
            Order::Text(path, Some(text)) => {
                let before = self.disk.read_text(&path).ok();
                self.disk.put(path.clone(), text.as_bytes().into());
                !self.give(&path, before.as_deref(), &text)
            }
            Order::Text(path, None) => {
                let before = self.disk.read_text(&path).ok();
                self.disk.forget(&path);
                let text = self.disk.read_text(&path).map(Arc::from);
                !text.is_ok_and(|text| self.give(&path, before.as_deref(), &text))
            }
        }
    }

    /// Gives the projects the new text of a file; whether that is all there is to do at once.
    fn give(&mut self, path: &Path, before: Option<&str>, text: &Arc<str>) -> bool {
        if !discover::is_source(path) {
            return !matters(path);
        }
        let is_native = discover::is_native(path);
        let leads_alike = |before: &str| is_native || discover::leads_alike(before, text);
        let text = text.strip_prefix('\u{feff}').map_or_else(|| Arc::clone(text), Arc::from);
        let mut is_known = false;
        for held in &mut self.projects {
            let key = held.key(path);
            let Some(before) = held.workspace.text(&key).cloned() else { continue };
            is_known = true;
            if before == text {
                continue;
            }
            if !leads_alike(&before) {
                return false;
            }
            held.workspace.set_text(&key, &text);
            held.checked = None;
        }
        // What a native file defines and calls decides which others are read: that can wait.
        self.is_stale |= is_native && before != Some(&*text);
        is_known || before.is_some_and(leads_alike)
    }

    /// Reads everything, and keeps what is known of files that are as they were.
    fn read(&mut self) {
        self.is_stale = false;
        self.state.problems.clear();
        self.state.faults.clear();
        let mut earlier: Vec<Held> = std::mem::take(&mut self.projects);
        for folder in self.folders.clone() {
            let (roots, missing) = discover::roots(&folder, std::slice::from_ref(&folder));
            let missing =
                missing.into_iter().map(|problem| format!("cannot read {}: {}", problem.path, problem.reason));
            self.state.problems.extend(missing);
            let mut waiting: Vec<Root> = roots.into_iter().map(|root| Root { named: Vec::new(), ..root }).collect();
            while let Some(root) = waiting.pop() {
                if self.projects.iter().any(|held| held.root.folder == root.folder) {
                    continue;
                }
                let before = earlier.iter().position(|held| held.root.folder == root.folder);
                let before = before.map(|index| earlier.swap_remove(index));
                let (held, inside) = self.open(root, before);
                waiting.extend(inside);
                self.projects.push(held);
            }
        }
        self.projects.sort_by(|a, b| a.root.folder.cmp(&b.root.folder));
    }

    fn open(&mut self, root: Root, before: Option<Held>) -> (Held, Vec<Root>) {
        let config = projects::configuration(&self.disk, &root, false).unwrap_or_else(|fault| {
            self.state.faults.push(fault);
            // What held until somebody mistyped something holds on.
            before.as_ref().map(|held| held.config.clone()).unwrap_or_default()
        });
        let warnings = config.warnings.iter().map(|(path, reason)| format!("{}: {reason}", path.display()));
        self.state.problems.extend(warnings);
        let project = discover::read_from(&self.disk, &root, &root.folder, &config, &Caps::default());
        let inside = projects::inside(&root, &config, &project);
        let path = projects::baseline_path(&root, &config, None);
        let baseline = projects::read_baseline(&self.disk, &path, &root.folder).unwrap_or_else(|reason| {
            self.state.problems.push(reason);
            None
        });
        let (workspace, models) = projects::workspace(project, baseline);
        let mut workspace = workspace.keeping();
        let mut last = None;
        if let Some(before) = before {
            workspace.take_over(before.workspace);
            last = before.last;
        }
        (Held { root, config, workspace, models, checked: None, last }, inside)
    }
}

/// Whether a file of that name can change what is found.
fn matters(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_text = [".toml", ".yaml", ".lock", ".txt", ".json5", ".gradle", ".kts", ".gitignore"];
    discover::is_source(path) || is_text.iter().any(|end| name.ends_with(end))
}
