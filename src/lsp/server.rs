//! What the server knows, and what it does at each event.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    CodeAction, CodeActionParams, DefinitionParams, Diagnostic, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams,
    ExecuteCommandParams, InitializeParams, MessageType, PublishDiagnosticsParams, ReferenceParams, Registration,
    RegistrationParams, TextDocumentPositionParams, Uri, WorkspaceDiagnosticParams, WorkspaceFolders,
};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Event;
use super::actions::{Around, is_or_within};
use super::analysis::{Analysis, Order, State};
use super::boundary::{Boundary, Way};
use super::buffers::{Buffer, Buffers};
use super::capabilities::{self, FIX_ALL};
use super::client::Client;
use super::convert::path_of;
use super::findings::{Folders, PAGES, by_file, uri_in};
use crate::discover;
use crate::flow;
use crate::rules;

/// Under this name the work of the analysis is shown.
const PROGRESS: &str = "ffilint/analysis";

pub(super) struct Server {
    pub(super) client: Client,
    pub(super) analysis: Analysis,
    pub(super) buffers: Buffers,
    /// Those the client opened, and those of files that lie in none of them.
    folders: Folders,
    pub(super) state: State,
    /// What every file was last found to have.
    found: BTreeMap<PathBuf, Vec<Diagnostic>>,
    /// Files of which the client was sent something, and of which version.
    sent: BTreeMap<PathBuf, Option<i32>>,
    told: Vec<String>,
    /// Requests that wait for a state that knows all there is to know.
    waiting: Vec<Request>,
    client_process: Option<i32>,
    is_working: bool,
    is_shut_down: bool,
    /// The client shows what stands beside the code, as it was when it asked last.
    pub(super) has_hints: bool,
}

impl Server {
    pub(super) fn new(mut client: Client, analysis: Analysis, params: &InitializeParams) -> Self {
        let mut folders = Folders::new();
        let listed = match &params.workspace_folders_initialize_params.workspace_folders {
            Some(WorkspaceFolders::WorkspaceFolderList(listed)) => listed.as_slice(),
            _ => &[],
        };
        // Clients from before there were several folders name one.
        #[allow(deprecated)]
        let of_old = params.root_uri.iter().filter(|_| listed.is_empty());
        let uris = listed.iter().map(|folder| &folder.uri).chain(of_old);
        folders.extend(uris.filter_map(path_of).filter_map(with_real));
        if client.can.watches {
            let options = DidChangeWatchedFilesRegistrationOptions { watchers: capabilities::watched() };
            let registration = Registration {
                id: "ffilint/files".into(),
                method: "workspace/didChangeWatchedFiles".into(),
                register_options: serde_json::to_value(options).ok(),
            };
            client.ask("client/registerCapability", RegistrationParams { registrations: vec![registration] });
        }
        let mut server = Self {
            client,
            analysis,
            buffers: Buffers::default(),
            folders,
            state: State::default(),
            found: BTreeMap::new(),
            sent: BTreeMap::new(),
            told: Vec::new(),
            waiting: Vec::new(),
            client_process: params.process_id,
            is_working: false,
            is_shut_down: false,
            has_hints: false,
        };
        if !server.folders.is_empty() {
            server.look_at_folders();
        }
        server
    }

    /// Whether the server goes on.
    pub(super) fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Message(Message::Request(request)) => self.request(request),
            Event::Message(Message::Notification(notification)) if notification.method == "exit" => return false,
            Event::Message(Message::Notification(notification)) => self.notification(notification),
            // What was asked of the client needs no answer.
            Event::Message(Message::Response(_)) => {}
            Event::Found(state) => self.take(state),
            Event::Waited => return self.client_process.is_none_or(is_alive),
            Event::Closed => return false,
        }
        true
    }

    fn notification(&mut self, notification: Notification) {
        let method = notification.method.clone();
        let taken = match method.as_str() {
            "textDocument/didOpen" => self.with(notification, Self::opened),
            "textDocument/didChange" => self.with(notification, Self::changed),
            "textDocument/didClose" => self.with(notification, Self::closed),
            "textDocument/didSave" => self.with(notification, Self::saved),
            "workspace/didChangeWatchedFiles" => self.with(notification, Self::changed_on_disk),
            "workspace/didChangeWorkspaceFolders" => self.with(notification, Self::changed_folders),
            "$/cancelRequest" => self.with(notification, Self::cancel),
            _ => Ok(()),
        };
        if let Err(error) = taken {
            self.client.log(&format!("{method}: {error}"));
        }
    }

    fn with<P: DeserializeOwned>(
        &mut self,
        notification: Notification,
        then: impl FnOnce(&mut Self, P),
    ) -> Result<(), serde_json::Error> {
        then(self, serde_json::from_value(notification.params)?);
        Ok(())
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = self.real_path(&document.uri) else { return };
        if !self.folders.iter().any(|(_, folder)| path.starts_with(folder)) {
            // A file by itself: the project around it, if it is in one.
            let folder = path.parent().map(Path::to_path_buf).and_then(with_real);
            self.folders.extend(folder);
            self.look_at_folders();
        }
        let text = document.text.into();
        self.order(Order::Text(path.clone(), Some(std::sync::Arc::clone(&text))));
        self.buffers.open(path, Buffer { uri: document.uri, version: document.version, text });
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let Some(path) = self.real_path(&params.text_document.text_document_identifier.uri) else { return };
        let (version, encoding) = (params.text_document.version, self.client.can.encoding);
        if let Some(text) = self.buffers.change(&path, version, &params.content_changes, encoding) {
            self.refuse_outdated(&path);
            self.order(Order::Text(path, Some(text)));
        }
    }

    fn closed(&mut self, params: DidCloseTextDocumentParams) {
        let Some(path) = self.real_path(&params.text_document.uri) else { return };
        if self.buffers.close(&path).is_some() {
            self.sent.remove(&path);
            self.order(Order::Text(path, None));
        }
    }

    fn saved(&mut self, params: DidSaveTextDocumentParams) {
        // Clients that watch files say so twice.
        if let Some(path) = self.real_path(&params.text_document.uri).filter(|_| !self.client.can.watches) {
            self.order(Order::Disk(vec![path]));
        }
    }

    fn changed_on_disk(&mut self, params: DidChangeWatchedFilesParams) {
        let paths: Vec<PathBuf> = params.changes.iter().filter_map(|change| self.real_path(&change.uri)).collect();
        // What an open document says counts, whatever is on the disk.
        let paths: Vec<PathBuf> = paths.into_iter().filter(|path| self.buffers.get(path).is_none()).collect();
        if !paths.is_empty() {
            self.order(Order::Disk(paths));
        }
    }

    fn changed_folders(&mut self, params: DidChangeWorkspaceFoldersParams) {
        let gone: Vec<PathBuf> = params.event.removed.iter().filter_map(|folder| path_of(&folder.uri)).collect();
        self.folders.retain(|(written, _)| !gone.contains(written));
        let added = params.event.added.iter().filter_map(|folder| path_of(&folder.uri)).filter_map(with_real);
        self.folders.extend(added.collect::<Vec<_>>());
        self.look_at_folders();
    }

    fn cancel(&mut self, params: Value) {
        let id: Option<RequestId> = params.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
        let position = self.waiting.iter().position(|request| Some(&request.id) == id.as_ref());
        if let Some(position) = position {
            let request = self.waiting.remove(position);
            self.client.refuse(request.id, ErrorCode::RequestCanceled, "it was cancelled");
        }
    }

    fn look_at_folders(&mut self) {
        let folders = self.folders.iter().map(|(_, folder)| folder.clone()).collect();
        self.order(Order::Folders(folders));
    }

    pub(super) fn order(&mut self, order: Order) {
        self.analysis.order(order);
        if !self.is_working && self.state.number == 0 && self.client.can.shows_progress {
            self.is_working = true;
            self.client.ask("window/workDoneProgress/create", json!({ "token": PROGRESS }));
            let begin =
                json!({ "kind": "begin", "title": "ffilint", "message": "reading the project", "cancellable": false });
            self.client.progress(PROGRESS, begin);
        }
    }

    /// Takes what the analysis found.
    fn take(&mut self, state: State) {
        let is_new = !state.is_of_the_same(&self.state);
        self.state = state;
        if std::mem::take(&mut self.is_working) {
            self.client.progress(PROGRESS, json!({ "kind": "end" }));
        }
        // Who writes a configuration sees in it what is wrong with it.
        let faults = self.state.faults.iter().filter(|fault| self.buffers.get(&fault.path).is_none());
        let problems = self.state.problems.iter().cloned().chain(faults.map(ToString::to_string));
        let problems: Vec<String> = problems.collect();
        for problem in problems.iter().filter(|problem| !self.told.contains(problem)) {
            self.client.show(MessageType::Error, &format!("ffilint: {problem}"));
        }
        self.told = problems;
        let found = by_file(&self.state, &self.buffers, self.client.can, &self.folders);
        let before = std::mem::replace(&mut self.found, found);
        if !self.client.can.pulls {
            self.publish(&before);
        } else if before != self.found && self.client.can.refreshes {
            self.client.ask("workspace/diagnostic/refresh", Value::Null);
        }
        if is_new && self.client.can.refreshes_hints && std::mem::take(&mut self.has_hints) {
            self.client.ask("workspace/inlayHint/refresh", Value::Null);
        }
        for request in std::mem::take(&mut self.waiting) {
            self.request(request);
        }
    }

    /// Sends what is new to a client that does not ask: of files that have other diagnostics than before, and of open
    /// documents that have another version.
    fn publish(&mut self, before: &BTreeMap<PathBuf, Vec<Diagnostic>>) {
        let open = self.buffers.iter().map(|(path, _)| path);
        let files: BTreeSet<PathBuf> = self.found.keys().chain(before.keys()).chain(open).cloned().collect();
        for path in files {
            let Some(uri) = uri_in(&path, &self.buffers, &self.folders) else { continue };
            // Of a version that is already another one nothing can be said.
            let version = self.buffers.get(&path).filter(|_| self.is_up_to_date()).map(|buffer| buffer.version);
            let is_same = self.found.get(&path) == before.get(&path);
            if is_same && (version.is_none() || self.sent.get(&path) == Some(&version)) {
                continue;
            }
            self.sent.insert(path.clone(), version);
            let diagnostics = self.found.get(&path).cloned().unwrap_or_default();
            let params = PublishDiagnosticsParams { uri, version, diagnostics };
            self.client.notify("textDocument/publishDiagnostics", params);
        }
    }

    fn is_up_to_date(&self) -> bool {
        self.state.number >= self.analysis.last()
    }

    fn request(&mut self, request: Request) {
        if self.is_shut_down {
            return self.client.refuse(request.id, ErrorCode::InvalidRequest, "the server is shut down");
        }
        let (id, method) = (request.id.clone(), request.method.clone());
        let answered = match method.as_str() {
            "shutdown" => {
                self.is_shut_down = true;
                Ok(Some(Value::Null))
            }
            "textDocument/diagnostic" => self.answer(&request, Self::diagnostics_of),
            "workspace/diagnostic" => self.answer(&request, Self::all_diagnostics),
            "textDocument/codeAction" => self.answer(&request, Self::actions),
            "codeAction/resolve" => self.answer(&request, Self::resolved),
            "textDocument/hover" => self.answer(&request, Self::hover),
            "textDocument/inlayHint" => self.answer(&request, Self::hints),
            "textDocument/definition" => self.answer(&request, |server, params: DefinitionParams| {
                server.across(&params.text_document_position_params, Way::Definition)
            }),
            "textDocument/references" => self.answer(&request, |server, params: ReferenceParams| {
                server.across(&params.text_document_position_params, Way::References)
            }),
            "workspace/executeCommand" => self.answer(&request, Self::command),
            "workspace/textDocumentContent" => self.answer(&request, Self::page),
            _ => {
                return self.client.refuse(id, ErrorCode::MethodNotFound, &format!("ffilint has no `{method}`"));
            }
        };
        match answered {
            Ok(Some(result)) => self.client.answer(id, result),
            Ok(None) => self.waiting.push(request),
            Err(error) => self.client.refuse(id, ErrorCode::InvalidParams, &format!("{method}: {error}")),
        }
    }

    /// An answer, or nothing where it must wait.
    fn answer<P: DeserializeOwned>(
        &mut self,
        request: &Request,
        answer: impl FnOnce(&mut Self, P) -> Option<Value>,
    ) -> Result<Option<Value>, serde_json::Error> {
        Ok(answer(self, serde_json::from_value(request.params.clone())?))
    }

    fn diagnostics_of(&mut self, params: DocumentDiagnosticParams) -> Option<Value> {
        if !self.is_up_to_date() {
            return None;
        }
        let path = self.real_path(&params.text_document.uri);
        let items = path.and_then(|path| self.found.get(&path)).map_or(&[][..], Vec::as_slice);
        Some(report(items, params.previous_result_id.as_deref()))
    }

    fn all_diagnostics(&mut self, params: WorkspaceDiagnosticParams) -> Option<Value> {
        if !self.is_up_to_date() {
            return None;
        }
        let mut before: BTreeMap<&str, &str> =
            params.previous_result_ids.iter().map(|one| (one.uri.as_ref(), one.value.as_str())).collect();
        let mut items = Vec::new();
        let mut is_new = false;
        for (path, diagnostics) in &self.found {
            let Some(uri) = uri_in(path, &self.buffers, &self.folders) else { continue };
            let mut one = report(diagnostics, before.remove(uri.as_ref()));
            is_new |= one["kind"] == "full";
            one["version"] = self.buffers.get(path).map_or(Value::Null, |buffer| buffer.version.into());
            one["uri"] = uri.as_ref().into();
            items.push(one);
        }
        for (uri, value) in before {
            let mut one = report(&[], Some(value));
            if one["kind"] == "full" {
                is_new = true;
                one["version"] = Value::Null;
                one["uri"] = uri.into();
                items.push(one);
            }
        }
        // A client asks again at once: it is answered when there is something to say.
        if !is_new && !params.previous_result_ids.is_empty() {
            return None;
        }
        Some(json!({ "items": items }))
    }

    fn actions(&mut self, params: CodeActionParams) -> Option<Value> {
        let path = self.real_path(&params.text_document.uri);
        let Some(path) = path else { return Some(json!([])) };
        // Who wants all mended waits for the check of all.
        let wants_all = params.context.only.iter().flatten().any(|kind| is_or_within(FIX_ALL, kind));
        if !self.is_known_as_it_is(&path) || (wants_all && !self.is_whole()) {
            return None;
        }
        Some(self.guarded(|server| json!(server.around().actions(&path, &params)), json!([])))
    }

    /// Whether what was found last is what a check of all finds.
    fn is_whole(&self) -> bool {
        self.is_up_to_date() && self.state.projects.iter().all(|checked| checked.is_whole)
    }

    /// An answer, another one where it cannot be given: a fault must not end the server.
    fn guarded<T>(&mut self, answer: impl FnOnce(&Self) -> T, otherwise: T) -> T {
        match flow::guarded(|| answer(self)) {
            Ok(answer) => answer,
            Err(reason) => {
                self.client.log(&format!("internal error: {reason}; please report it"));
                otherwise
            }
        }
    }

    fn resolved(&mut self, action: CodeAction) -> Option<Value> {
        if !self.is_whole() {
            return None;
        }
        let unresolved = json!(action);
        Some(self.guarded(|server| json!(server.around().resolved(action)), unresolved))
    }

    fn around(&self) -> Around<'_> {
        Around { state: &self.state, buffers: &self.buffers, can: self.client.can, folders: &self.folders }
    }

    /// Whether the last state speaks of a document as it is now: then its places are right.
    pub(super) fn is_known_as_it_is(&self, path: &Path) -> bool {
        let Some(buffer) = self.buffers.get(path) else { return self.is_up_to_date() };
        let mut sources =
            self.state.projects.iter().flat_map(|checked| {
                checked.report.sources.iter().filter(move |source| checked.path_of(source) == path)
            });
        self.is_up_to_date() || sources.any(|source| source.text == buffer.text)
    }

    /// Where a place leads to on the other side of the boundary.
    fn across(&mut self, at: &TextDocumentPositionParams, way: Way) -> Option<Value> {
        let Some(path) = self.real_path(&at.text_document.uri) else { return Some(Value::Null) };
        if !self.is_known_as_it_is(&path) {
            return None;
        }
        let (buffers, folders, encoding) = (&self.buffers, &self.folders, self.client.can.encoding);
        let boundary = Boundary { state: &self.state, buffers, folders, encoding };
        let found = boundary.across(&path, at.position, way);
        if found.is_none() {
            self.order(Order::Links);
        }
        found.map(|found| if found.is_empty() { Value::Null } else { json!(found) })
    }

    fn command(&mut self, params: ExecuteCommandParams) -> Option<Value> {
        let rule = params.arguments.as_deref().and_then(|arguments| arguments.first()).and_then(Value::as_str);
        let rule = rule.filter(|_| params.command == capabilities::EXPLAIN).and_then(rules::find);
        let Some(rule) = rule else { return Some(Value::Null) };
        self.client
            .show(MessageType::Info, &format!("{}: {}. `ffilint explain {0}` says more", rule.name, rule.summary));
        Some(rule.page.into())
    }

    fn page(&mut self, params: Value) -> Option<Value> {
        let uri = params.get("uri").and_then(Value::as_str).unwrap_or_default();
        let name = uri.strip_prefix(PAGES).and_then(|uri| uri.strip_prefix(":/rules/")?.strip_suffix(".md"));
        let rule = name.and_then(rules::find);
        Some(json!({ "text": rule.map_or("There is no such page.", |rule| rule.page) }))
    }

    /// Refuses what was asked about a document before it changed: the places in it may mean others now.
    fn refuse_outdated(&mut self, path: &Path) {
        let is_about = |request: &Request| {
            let uri = request.params.pointer("/textDocument/uri").and_then(Value::as_str);
            !request.method.ends_with("/diagnostic")
                && uri.and_then(|uri| self.real_path(&Uri(uri.to_owned()))).as_deref() == Some(path)
        };
        let (gone, left): (Vec<Request>, Vec<Request>) = self.waiting.iter().cloned().partition(is_about);
        self.waiting = left;
        for request in gone {
            self.client.refuse(request.id, ErrorCode::ContentModified, "the document was changed");
        }
    }

    /// The path of a file without the links of the folders above it.
    pub(super) fn real_path(&self, uri: &Uri) -> Option<PathBuf> {
        let path = discover::normalize(&path_of(uri)?);
        let known = self.folders.iter().find_map(|(written, real)| Some(real.join(path.strip_prefix(written).ok()?)));
        known.or_else(|| {
            let folder = path.parent()?.canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        })
    }
}

/// A folder, and what it is without links.
fn with_real(folder: PathBuf) -> Option<(PathBuf, PathBuf)> {
    let real = folder.canonicalize().ok()?;
    Some((folder, real))
}

/// A report for a client that asks: whole, or that it is as before.
fn report(items: &[Diagnostic], before: Option<&str>) -> Value {
    let text = serde_json::to_string(items).unwrap_or_default();
    let id = blake3::hash(text.as_bytes()).to_hex();
    let id = id.get(..16).unwrap_or_default();
    match before == Some(id) {
        true => json!({ "kind": "unchanged", "resultId": id }),
        false => json!({ "kind": "full", "resultId": id, "items": items }),
    }
}

/// Whether a process is there, as far as that can be seen.
fn is_alive(process: i32) -> bool {
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process.to_string()).exists()
}
