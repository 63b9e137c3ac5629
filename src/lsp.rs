//! The language server: `ffilint lsp`, over stdin and stdout.
//!
//! One thread reads events, a closed set of them, one after the other, and answers from the last state that it was given;
//! another keeps the projects in memory and analyses them, so that nobody waits for an analysis who only types. What is
//! on the disk is read as the command line reads it, with the open documents over it: the findings are the same.
//!
//! In a large project a change is [followed](crate::workspace::standing) at once as far as it leads from the body that it
//! is in; the whole is checked again, on other threads, when nobody types.

use std::time::Duration;

use gen_lsp_types::{InitializeParams, MessageType};
use lsp_server::{Connection, Message};

use analysis::{Analysis, State};
use client::{Abilities, Client};
use server::Server;

mod actions;
mod analysis;
mod boundary;
mod buffers;
mod capabilities;
mod client;
mod convert;
mod findings;
mod server;
mod stories;

/// How often it is asked whether the client still lives.
const WATCH: Duration = Duration::from_secs(10);

/// What can happen.
enum Event {
    /// The client says something.
    Message(Message),
    /// The analysis has found something.
    Found(State),
    /// Time went by.
    Waited,
    /// Nothing more will come.
    Closed,
}

/// Serves one client until it says that it is done, or is gone.
///
/// # Errors
///
/// What to tell the person where the client does not speak the protocol, or the system gives no threads.
pub fn serve() -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let served = serve_on(&connection);
    drop(connection);
    threads.join().map_err(|error| format!("cannot speak to the editor: {error}"))?;
    served
}

fn serve_on(connection: &Connection) -> Result<(), String> {
    let fail = |error: lsp_server::ProtocolError| format!("the editor does not speak the protocol: {error}");
    let (id, params) = match connection.initialize_start() {
        Ok(started) => started,
        // It left before it said anything.
        Err(error) if error.channel_is_disconnected() => return Ok(()),
        Err(error) => return Err(fail(error)),
    };
    let params: InitializeParams =
        serde_json::from_value(params).map_err(|error| format!("the editor does not speak the protocol: {error}"))?;
    let can = Abilities::of(&params.capabilities);
    match connection.initialize_finish(id, capabilities::offered(&can)) {
        Err(error) if error.channel_is_disconnected() => return Ok(()),
        other => other.map_err(fail)?,
    }
    let analysis = Analysis::start()?;
    let client = Client::new(connection.sender.clone(), can);
    let mut server = Server::new(client, analysis, &params);
    loop {
        let event = crossbeam_channel::select! {
            recv(connection.receiver) -> message => message.map_or(Event::Closed, Event::Message),
            recv(server.analysis.states) -> state => match state {
                Ok(state) => Event::Found(state),
                Err(_) => {
                    server.client.show(MessageType::Error, "ffilint: the analysis ended; please report it");
                    Event::Closed
                }
            },
            default(WATCH) => Event::Waited,
        };
        if !server.handle(event) {
            break;
        }
    }
    server.analysis.end();
    Ok(())
}
