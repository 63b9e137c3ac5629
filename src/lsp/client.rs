//! The client: what it can do, and how to speak to it.

use crossbeam_channel::Sender;
use gen_lsp_types::{ClientCapabilities, MessageType};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::convert::Encoding;

/// What a client can do, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Abilities {
    pub(super) encoding: Encoding,
    /// It asks for diagnostics; else they are sent.
    pub(super) pulls: bool,
    /// It can be asked to pull again.
    pub(super) refreshes: bool,
    /// It can be asked to ask for what stands beside the code again.
    pub(super) refreshes_hints: bool,
    pub(super) related: bool,
    pub(super) describes_codes: bool,
    /// Whether edits may say of which version of a document they are.
    pub(super) versions_edits: bool,
    /// Whether the edit of an action may come later.
    pub(super) resolves_edits: bool,
    /// Whether it watches files when asked to.
    pub(super) watches: bool,
    pub(super) shows_progress: bool,
}

impl Abilities {
    pub(super) fn of(capabilities: &ClientCapabilities) -> Self {
        let (workspace, document) = (capabilities.workspace.as_ref(), capabilities.text_document.as_ref());
        let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
        let publish = document.and_then(|document| document.publish_diagnostics.as_ref());
        let pull = document.and_then(|document| document.diagnostic.as_ref());
        let shown = match (pull, publish) {
            (Some(pull), _) => Some(&pull.diagnostics_capabilities),
            (None, publish) => publish.map(|publish| &publish.diagnostics_capabilities),
        };
        let actions = document.and_then(|document| document.code_action.as_ref());
        let resolves = actions.and_then(|actions| actions.resolve_support.as_ref());
        let watched = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        Self {
            encoding: Encoding::chosen(offered.unwrap_or_default()),
            pulls: pull.is_some(),
            refreshes: workspace
                .and_then(|workspace| workspace.diagnostics.as_ref())
                .is_some_and(|diagnostics| diagnostics.refresh_support == Some(true)),
            refreshes_hints: workspace
                .and_then(|workspace| workspace.inlay_hint.as_ref())
                .is_some_and(|hints| hints.refresh_support == Some(true)),
            related: shown.is_some_and(|shown| shown.related_information == Some(true)),
            describes_codes: shown.is_some_and(|shown| shown.code_description_support == Some(true)),
            versions_edits: edits.is_some_and(|edits| edits.document_changes == Some(true)),
            resolves_edits: actions.is_some_and(|actions| actions.data_support == Some(true))
                && resolves.is_some_and(|resolves| resolves.properties.iter().any(|property| property == "edit")),
            watches: watched.is_some_and(|watched| watched.dynamic_registration == Some(true)),
            shows_progress: capabilities.window.as_ref().is_some_and(|window| window.work_done_progress == Some(true)),
        }
    }
}

/// The client. What is sent to one that is gone is lost: the loop ends when nothing comes from it.
pub(super) struct Client {
    sender: Sender<Message>,
    pub(super) can: Abilities,
    last: i32,
}

impl Client {
    pub(super) fn new(sender: Sender<Message>, can: Abilities) -> Self {
        Self { sender, can, last: 0 }
    }

    pub(super) fn notify(&self, method: &str, params: impl Serialize) {
        self.send(Notification::new(method.to_owned(), params).into());
    }

    /// Asks for something; answers are not waited for.
    pub(super) fn ask(&mut self, method: &str, params: impl Serialize) {
        self.last += 1;
        self.send(Request::new(RequestId::from(self.last), method.to_owned(), params).into());
    }

    pub(super) fn answer(&self, id: RequestId, result: impl Serialize) {
        self.send(Response::new_ok(id, result).into());
    }

    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, message: &str) {
        self.send(Response::new_err(id, code as i32, message.to_owned()).into());
    }

    /// Shows a message to the person.
    pub(super) fn show(&self, kind: MessageType, message: &str) {
        self.notify("window/showMessage", json!({ "type": kind, "message": message }));
    }

    /// Writes to the log of the editor.
    pub(super) fn log(&self, message: &str) {
        self.notify("window/logMessage", json!({ "type": MessageType::Log, "message": message }));
    }

    /// Begins, goes on with, or ends what is shown of the analysis.
    pub(super) fn progress(&self, token: &str, value: Value) {
        if self.can.shows_progress {
            self.notify("$/progress", json!({ "token": token, "value": value }));
        }
    }

    fn send(&self, message: Message) {
        let _ = self.sender.send(message);
    }
}
