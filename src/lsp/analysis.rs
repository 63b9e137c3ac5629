//! The projects in memory, on a thread of their own: orders in, states out.
//!
//! Orders are numbered. All that wait are carried out before anything is analysed, so that whoever types fast waits for
//! one analysis and not for each key; a state says which order was the last that it knows of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use rayon::ThreadPool;

use crate::config::{Config, ConfigError};
use crate::discover::{self, Caps, Disk, Root};
use crate::flow;
use crate::models::ModelSet;
use crate::projects;
use crate::source::SourceFile;
use crate::workspace::links::LinkList;
use crate::workspace::progress::Progress;
use crate::workspace::standing::Standing;
use crate::workspace::stories::Stories;
use crate::workspace::{self, Options, Report, Scope, Workspace};

/// How long nobody may have typed before files are chosen anew, and a project is checked again as a whole.
const PAUSE: Duration = Duration::from_millis(400);

/// How often is tried to put away what others still hold.
const TRIES: u8 = 5;

/// One thread finds what is free, one gives back the pages, and one, later, the segments.
const ENDS: u8 = 4;

/// What is done, one after the other, when nobody is at work, so that less memory is in use.
///
/// Memory that one thread gets and another gives back is free for mimalloc only once the first has looked after it. So
/// the threads that checked end first; and each thread that ends then makes what was freed since of those before it
/// free, and gives the system what was free for 10 milliseconds (`_mi_abandoned_collect` in its `segment.c`, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unrest {
    /// The threads that checked are to end.
    Threads,
    /// What is looked at seldom is to be put away; so often that may be tried, as others may still hold it.
    Bodies(u8),
    /// So many threads are to end.
    Memory(u8),
    /// It rests.
    None,
}

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
    /// Somebody wants to know what can be told of a file.
    Stories(PathBuf),
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

impl State {
    /// Whether it is what another one is, told once more.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        self.projects.len() == other.projects.len()
            && self.projects.iter().zip(&other.projects).all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

/// What was found in one project.
#[derive(Debug)]
pub(super) struct Checked {
    /// Its folder, to which the paths of the report are relative.
    pub(super) folder: PathBuf,
    pub(super) report: Report,
    /// Nothing changed since the whole project was checked: only then what mends a finding is known to be right.
    pub(super) is_whole: bool,
    /// What is linked to what, once somebody wanted to know.
    pub(super) links: OnceLock<LinkList>,
    /// What can be told of files, of each once somebody wanted to know.
    stories: Mutex<BTreeMap<PathBuf, Telling>>,
}

/// What can be told of a file.
#[derive(Clone, Debug)]
pub(super) enum Telling {
    Known(Arc<Stories>),
    /// It changed too much for that; the next whole check knows more.
    Later,
}

impl Checked {
    /// What can be told of a file, where it was looked for.
    pub(super) fn stories(&self, path: &Path) -> Option<Telling> {
        self.stories.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn add_stories(&self, path: PathBuf, telling: Telling) {
        self.stories.lock().unwrap_or_else(PoisonError::into_inner).insert(path, telling);
    }

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
        let threads = |count| workspace::pool(count).map_err(|error| format!("cannot start threads: {error}"));
        let pools = (threads(0)?, threads(1)?);
        let (orders, waiting) = crossbeam_channel::unbounded();
        let (tell, states) = crossbeam_channel::unbounded();
        let work = move || {
            Worker::new(pools, waiting, tell).work();
        };
        let thread = std::thread::Builder::new().name("analysis".into()).stack_size(workspace::STACK).spawn(work);
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
    /// For whole checks.
    pool: Arc<ThreadPool>,
    /// For what somebody waits for while the others check.
    own: ThreadPool,
    folders: Vec<PathBuf>,
    disk: Disk,
    projects: Vec<Held>,
    state: State,
    /// Which files matter may have changed with what is in them.
    is_stale: bool,
    wants_links: bool,
    /// The files of which somebody wants to know what can be told.
    wanted: Vec<PathBuf>,
    /// The whole check that runs beside.
    beside: Option<Beside>,
    /// What is still to be done before it rests.
    unrest: Unrest,
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
    /// What follows small changes.
    standing: Option<Standing>,
    /// What followed them before the last whole check; it goes when nobody is at work.
    outlived: Option<Standing>,
    /// Files that have another text than when it was checked.
    changed: Vec<String>,
    /// Changes since the last whole check were only followed.
    is_behind: bool,
    /// How long a whole check takes.
    takes: Duration,
    /// The project as it was read since, which is to be checked.
    next: Option<Box<Next>>,
    /// That has another text since somebody began to check it.
    is_touched: bool,
}

/// Another reading of a project.
struct Next {
    root: Root,
    config: Config,
    workspace: Workspace,
    models: &'static ModelSet,
}

/// A whole check that runs while changes are followed.
struct Beside {
    folder: PathBuf,
    progress: Arc<Progress>,
    /// What it looks at is not what there is now. It ends before another one begins: each takes much memory.
    is_outdated: bool,
    done: Receiver<Result<Option<Whole>, String>>,
}

/// What a whole check gives, and how long it took.
type Whole = (Report, Standing, Duration);

/// A whole check of what takes longer waits until nobody types; what changed is followed at once.
const SHORT: Duration = Duration::from_millis(40);

impl Held {
    /// The path by which the project knows a file of its own or one beside it.
    fn key(&self, path: &Path) -> String {
        discover::shown(path, &self.root.folder)
    }

    fn options(&self) -> Options {
        options(&self.config)
    }

    /// Whether a whole check would keep somebody waiting, and changes can be followed instead.
    fn is_large(&self) -> bool {
        self.takes > SHORT && self.standing.is_some()
    }

    /// Gives a file another text; nothing where there is no such file, else whether it leads where it led before.
    fn give(&mut self, key: &str, text: &Arc<str>, leads_alike: impl Fn(&str) -> bool) -> Option<bool> {
        let mut is_in_next = true;
        if let Some(next) = &mut self.next {
            let known = next.workspace.text(key);
            is_in_next = known.is_some();
            // What looks at that reading looks at what there is no longer.
            self.is_touched |= known.is_some_and(|known| known != text);
            next.workspace.set_text(key, text);
        }
        let Some(before) = self.workspace.text(key).cloned() else {
            return self.next.as_ref().filter(|_| is_in_next).map(|_| true);
        };
        if before == *text {
            return Some(is_in_next);
        }
        let leads_alike = leads_alike(&before);
        if leads_alike || self.is_large() {
            self.workspace.set_text(key, text);
            self.checked = None;
            if !self.changed.iter().any(|changed| changed == key) {
                self.changed.push(key.to_owned());
            }
        }
        Some(leads_alike && is_in_next)
    }

    /// Looks at what changed; the whole project where that is as quick.
    fn check(&mut self, pool: &ThreadPool, own: &ThreadPool) {
        if self.checked.is_some() {
            return;
        }
        let changed = std::mem::take(&mut self.changed);
        if self.is_large()
            && let Some(standing) = &mut self.standing
        {
            let (workspace, models, options) = (&self.workspace, self.models, options(&self.config));
            let follow = |key: &String| standing.follow(workspace, key, models, &options);
            // What cannot be followed is checked as a whole.
            if let Ok(Some(report)) = flow::guarded(|| own.install(|| changed.iter().map(follow).last())) {
                self.is_behind = true;
                self.found(report, false);
                return;
            }
        }
        self.standing = None;
        self.adopt();
        let options = self.options();
        if let Some(whole) = pool.install(|| whole(&self.workspace, self.models, &options)) {
            self.take(whole, pool);
        }
    }

    /// Takes what a whole check gave.
    fn take(&mut self, (report, standing, took): Whole, pool: &ThreadPool) {
        self.adopt();
        self.takes = took;
        self.is_behind = false;
        let before = std::mem::replace(&mut self.outlived, self.standing.replace(standing));
        // It is large, and nobody waits for it to go.
        pool.spawn(move || drop(before));
        self.found(report, true);
    }

    /// From now on the project is what was read last.
    fn adopt(&mut self) {
        if let Some(next) = self.next.take() {
            (self.root, self.config, self.workspace, self.models) =
                (next.root, next.config, next.workspace, next.models);
        }
    }

    /// Looks for what can be told of a file. Whoever asked gets an answer, be it that there is nothing.
    fn tell(&self, path: &Path, pool: &ThreadPool) {
        let Some(checked) = self.checked.as_ref().filter(|checked| checked.stories(path).is_none()) else { return };
        let tell = || {
            let Some(standing) = &self.standing else { return Some(Stories::default()) };
            let (key, options) = (self.key(path), self.options());
            pool.install(|| standing.stories(&self.workspace, &key, self.models, &options))
        };
        let found = flow::guarded(tell).unwrap_or_else(|_| Some(Stories::default()));
        let telling = found.map_or(Telling::Later, |stories| Telling::Known(Arc::new(stories)));
        checked.add_stories(path.to_path_buf(), telling);
    }

    fn found(&mut self, report: Report, is_whole: bool) {
        let checked = Checked {
            folder: self.root.folder.clone(),
            report,
            is_whole,
            links: OnceLock::new(),
            stories: Mutex::default(),
        };
        self.checked = Some(Arc::new(checked));
    }
}

fn options(config: &Config) -> Options {
    Options { scope: Scope::Project, fixes: false, ..Options::of(config) }
}

fn whole(workspace: &Workspace, models: &ModelSet, options: &Options) -> Option<Whole> {
    let began = Instant::now();
    let (report, standing) = workspace.stand(models, options)?;
    Some((report, standing, began.elapsed()))
}

impl Worker {
    fn new((pool, own): (ThreadPool, ThreadPool), waiting: Receiver<(u64, Order)>, tell: Sender<State>) -> Self {
        Self {
            waiting,
            tell,
            pool: Arc::new(pool),
            own,
            folders: Vec::new(),
            disk: Disk::default(),
            projects: Vec::new(),
            state: State::default(),
            is_stale: false,
            wants_links: false,
            wanted: Vec::new(),
            beside: None,
            unrest: Unrest::None,
        }
    }

    fn work(&mut self) {
        loop {
            let is_behind = self.beside.is_none() && self.projects.iter().any(|held| held.is_behind);
            let waits = self.is_stale || is_behind || (self.beside.is_none() && self.unrest != Unrest::None);
            let pause = if waits { crossbeam_channel::after(PAUSE) } else { crossbeam_channel::never() };
            let done = self.beside.as_ref().map_or_else(crossbeam_channel::never, |beside| beside.done.clone());
            crossbeam_channel::select! {
                recv(self.waiting) -> order => {
                    let Ok(first) = order else { return self.stop() };
                    self.obey(first);
                }
                recv(done) -> done => {
                    if !self.take_beside(done.unwrap_or(Ok(None))) {
                        continue;
                    }
                }
                recv(pause) -> _ => {
                    let was_stale = self.is_stale;
                    if was_stale {
                        self.read();
                    }
                    self.check_beside();
                    if !was_stale {
                        self.rest();
                        continue;
                    }
                }
            }
            if !self.look() {
                return;
            }
        }
    }

    /// Carries out an order, and those that wait behind it.
    fn obey(&mut self, first: (u64, Order)) {
        let more: Vec<_> = self.waiting.try_iter().collect();
        let mut reads = false;
        for (number, order) in std::iter::once(first).chain(more) {
            reads |= self.carry_out(order);
            self.state.number = number;
        }
        if reads {
            self.read();
        }
        // What it looks at is not what there is now.
        let is_of = |held: &Held| self.beside.as_ref().is_some_and(|beside| beside.folder == held.root.folder);
        if self.projects.iter().any(|held| (held.checked.is_none() || held.is_touched) && is_of(held)) {
            self.stop();
        }
        self.projects.iter_mut().for_each(|held| held.is_touched = false);
    }

    /// Does the next of what is to be done before it rests.
    fn rest(&mut self) {
        if self.beside.is_some() {
            return;
        }
        self.unrest = match self.unrest {
            _ if !self.projects.iter().any(Held::is_large) => Unrest::None,
            Unrest::Threads => {
                if let (Ok(pool), Ok(own)) = (workspace::pool(0), workspace::pool(1)) {
                    (self.pool, self.own) = (Arc::new(pool), own);
                }
                Unrest::Bodies(TRIES)
            }
            Unrest::Bodies(tries) => match self.put_away() {
                false if tries > 1 => Unrest::Bodies(tries - 1),
                _ => Unrest::Memory(ENDS),
            },
            Unrest::Memory(left) => {
                let _ = std::thread::spawn(move || drop(vec![left])).join();
                if left > 1 { Unrest::Memory(left - 1) } else { Unrest::None }
            }
            Unrest::None => Unrest::None,
        };
    }

    /// Puts away what is looked at seldom, on a thread that ends with it; whether that is done with all.
    fn put_away(&mut self) -> bool {
        let waiting = &self.waiting;
        let rest = |held: &mut Held| {
            held.outlived = None;
            let workspace = &mut held.workspace;
            held.standing.as_mut().is_none_or(|standing| standing.rest(workspace, || !waiting.is_empty()))
        };
        let large = self.projects.iter_mut().filter(|held| held.is_large());
        // All of them have their turn.
        let done = || large.map(rest).collect::<Vec<_>>();
        let done = std::thread::scope(|scope| scope.spawn(done).join()).unwrap_or_default();
        done.into_iter().all(|is_done| is_done)
    }

    /// Looks at what changed, and tells what is found; whether anybody listens.
    fn look(&mut self) -> bool {
        self.unrest = Unrest::Threads;
        let wants_links = std::mem::take(&mut self.wants_links);
        for held in &mut self.projects {
            // One project's panic leaves the others, and what was last found in it.
            let look = || {
                // The check beside has the other threads.
                held.check(if self.beside.is_some() { &self.own } else { &self.pool }, &self.own);
                if let (Some(checked), Some(standing), true) = (&held.checked, &held.standing, wants_links) {
                    let options = held.options();
                    checked.links.get_or_init(|| self.own.install(|| standing.links(&held.workspace, &options)));
                }
            };
            if let Err(reason) = flow::guarded(look) {
                self.state.problems.push(fault(&held.root.folder, &reason));
                held.standing = None;
                held.is_behind = false;
                held.checked.clone_from(&held.last);
            }
            held.last.clone_from(&held.checked);
            self.wanted.iter().for_each(|path| held.tell(path, &self.own));
        }
        self.wanted.clear();
        self.state.projects = self.projects.iter().filter_map(|held| held.checked.clone()).collect();
        self.tell.send(self.state.clone()).is_ok()
    }

    /// Begins a whole check of a project of which changes were only followed.
    fn check_beside(&mut self) {
        if self.beside.is_some() {
            return;
        }
        let Some(held) = self.projects.iter().find(|held| held.is_behind) else { return };
        let progress = Arc::new(Progress::default());
        let (tell, done) = crossbeam_channel::bounded(1);
        let (config, workspace, models) = match &held.next {
            Some(next) => (&next.config, next.workspace.clone(), next.models),
            None => (&held.config, held.workspace.clone(), held.models),
        };
        let options = Options { progress: Arc::clone(&progress), ..options(config) };
        self.pool.spawn(move || {
            // Nobody may listen any more.
            let _ = tell.send(flow::guarded(|| whole(&workspace, models, &options)));
        });
        self.beside = Some(Beside { folder: held.root.folder.clone(), progress, is_outdated: false, done });
    }

    /// Takes what the check beside found; whether that is news.
    fn take_beside(&mut self, done: Result<Option<Whole>, String>) -> bool {
        let Some(beside) = self.beside.take().filter(|beside| !beside.is_outdated) else { return false };
        let Some(held) = self.projects.iter_mut().find(|held| held.root.folder == beside.folder) else { return false };
        match done {
            Ok(Some(whole)) => held.take(whole, &self.pool),
            Ok(None) => return false,
            Err(reason) => {
                held.is_behind = false;
                self.state.problems.push(fault(&beside.folder, &reason));
            }
        }
        true
    }

    /// Stops the check beside.
    fn stop(&mut self) {
        if let Some(beside) = &mut self.beside {
            beside.is_outdated = true;
            beside.progress.stop();
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
            Order::Stories(path) => {
                self.wanted.push(path);
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
            match held.give(&key, &text, leads_alike) {
                None => continue,
                Some(true) => {}
                // Which files are read can wait where that takes long.
                Some(false) if held.is_large() => self.is_stale = true,
                Some(false) => return false,
            }
            is_known = true;
        }
        // What a native file defines and calls decides which others are read: that can wait.
        self.is_stale |= is_native && before != Some(&*text);
        is_known || before.is_some_and(leads_alike)
    }

    /// Reads everything, and keeps what is known of files that are as they were.
    fn read(&mut self) {
        self.is_stale = false;
        self.stop();
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
        let pool = if self.beside.is_some() { &self.own } else { &*self.pool };
        let project = pool.install(|| discover::read_from(&self.disk, &root, &root.folder, &config, &Caps::default()));
        let inside = projects::inside(&root, &config, &project);
        let path = projects::baseline_path(&root, &config, None);
        let baseline = projects::read_baseline(&self.disk, &path, &root.folder).unwrap_or_else(|reason| {
            self.state.problems.push(reason);
            None
        });
        let (workspace, models) = projects::workspace(project, baseline);
        let mut workspace = workspace.keeping();
        let mut held = Held {
            root,
            config,
            workspace: workspace.clone(),
            models,
            checked: None,
            last: None,
            standing: None,
            outlived: None,
            changed: Vec::new(),
            is_behind: false,
            takes: Duration::ZERO,
            next: None,
            is_touched: false,
        };
        if let Some(mut before) = before {
            let (options, old_options) = (held.options(), before.options());
            if before.workspace.is_same(&workspace) && options.asks_the_same(&old_options) {
                let root = held.root;
                return (Held { root, config: held.config, next: None, ..before }, inside);
            }
            workspace.take_over(before.workspace.clone());
            if before.is_large() {
                before.is_behind = true;
                before.next = Some(Box::new(Next { root: held.root, config: held.config, workspace, models }));
                return (before, inside);
            }
            held.last = before.last;
        }
        (Held { workspace, ..held }, inside)
    }
}

fn fault(folder: &Path, reason: &str) -> String {
    format!("internal error in {}: {reason}; please report it", folder.display())
}

/// Whether a file of that name can change what is found.
fn matters(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_text = [".toml", ".yaml", ".lock", ".txt", ".json5", ".gradle", ".kts", ".gitignore"];
    discover::is_source(path) || is_text.iter().any(|end| name.ends_with(end))
}
