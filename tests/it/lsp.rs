//! The language server, as an editor speaks to it: the real binary over its pipes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{LEAK, project};
use crate::support::Chance;
use crate::support::Outcome;

/// Nothing takes longer; whoever waits in vain is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// An editor.
pub(crate) struct Editor {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    last: i64,
    /// What the server sent of each document.
    published: BTreeMap<String, Value>,
    /// Requests of the server, by their methods.
    pub(crate) asked: Vec<Value>,
}

impl Editor {
    /// Starts the server with these capabilities, and with a folder open where one is given.
    pub(crate) fn start(folder: Option<&Path>, capabilities: Value) -> Result<(Self, Value), Box<dyn Error>> {
        let folders: Vec<Value> = folder.iter().map(|folder| json!({ "uri": uri(folder), "name": "w" })).collect();
        Self::with_folders(json!(folders), capabilities)
    }

    fn with_folders(folders: Value, capabilities: Value) -> Result<(Self, Value), Box<dyn Error>> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ffilint"));
        let mut child = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let (tell, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        let mut editor = Self { child, stdin, messages, last: 0, published: BTreeMap::new(), asked: Vec::new() };
        let params =
            json!({ "processId": null, "rootUri": null, "capabilities": capabilities, "workspaceFolders": folders });
        let answer = editor.request("initialize", params)?;
        editor.notify("initialized", json!({}))?;
        Ok((editor, answer))
    }

    fn send(&mut self, message: &Value) -> Outcome {
        let text = message.to_string();
        let stdin = self.stdin.as_mut().ok_or("stdin is closed")?;
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        Ok(stdin.flush()?)
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) -> Outcome {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<i64, Box<dyn Error>> {
        self.last += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }))?;
        Ok(self.last)
    }

    /// The answer to a request: its result, or its error.
    pub(crate) fn answer(&mut self, id: i64) -> Result<Value, Box<dyn Error>> {
        loop {
            let message = self.next()?;
            if message["id"] == id && message.get("method").is_none() {
                return Ok(message.get("error").cloned().unwrap_or_else(|| message["result"].clone()));
            }
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Result<Value, Box<dyn Error>> {
        let id = self.ask(method, params)?;
        self.answer(id)
    }

    /// The next message; what the server sends of documents and what it asks is kept.
    fn next(&mut self) -> Result<Value, Box<dyn Error>> {
        self.next_within(PATIENCE)
    }

    /// Waits until the server has said nothing for a while.
    fn settle(&mut self) {
        while self.next_within(Duration::from_secs(3)).is_ok() {}
    }

    fn next_within(&mut self, patience: Duration) -> Result<Value, Box<dyn Error>> {
        let message = self.messages.recv_timeout(patience)?;
        match message["method"].as_str() {
            Some("textDocument/publishDiagnostics") => {
                let uri = message["params"]["uri"].as_str().unwrap_or_default().to_owned();
                self.published.insert(uri, message["params"].clone());
            }
            Some(_) if message.get("id").is_some() => {
                self.asked.push(message.clone());
                let id = message["id"].clone();
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))?;
            }
            _ => {}
        }
        Ok(message)
    }

    pub(crate) fn open(&mut self, path: &Path, text: &str) -> Outcome {
        let document = json!({ "uri": uri(path), "languageId": "dart", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))
    }

    pub(crate) fn change(&mut self, path: &Path, version: i64, changes: Value) -> Outcome {
        let document = json!({ "uri": uri(path), "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }))
    }

    /// What was sent of a document, once it is this.
    pub(crate) fn until(&mut self, path: &Path, is_it: impl Fn(&Value) -> bool) -> Result<Value, Box<dyn Error>> {
        let uri = uri(path);
        loop {
            if let Some(sent) = self.published.get(&uri).filter(|sent| is_it(sent)) {
                return Ok(sent.clone());
            }
            self.next().map_err(|error| format!("{error}: of {uri} the last is {:?}", self.published.get(&uri)))?;
        }
    }

    /// Whether the server ended well.
    pub(crate) fn end(mut self) -> Result<bool, Box<dyn Error>> {
        self.request("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        Ok(self.child.wait()?.success())
    }
}

/// A server whose test failed does not stay behind.
impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stdout: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ").map_or(Some(length), |text| text.parse().ok())?,
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

pub(crate) fn uri(path: &Path) -> String {
    let mut text = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// What an editor of today says it can do, and sends no requests for diagnostics.
pub(crate) fn pushed() -> Value {
    json!({
        "workspace": { "workspaceEdit": { "documentChanges": true } },
        "textDocument": {
            "publishDiagnostics": { "relatedInformation": true, "codeDescriptionSupport": true, "versionSupport": true },
            "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } }
        }
    })
}

pub(crate) fn has(rule: &'static str) -> impl Fn(&Value) -> bool {
    move |sent| sent["diagnostics"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == rule))
}

pub(crate) fn is_empty(sent: &Value) -> bool {
    sent["diagnostics"].as_array().is_some_and(Vec::is_empty)
}

#[test]
fn findings_come_and_go_as_one_types() -> Outcome {
    let folder = project(&[("lib/a.dart", b"// saved\n")])?;
    let path = folder.path().canonicalize()?.join("lib/a.dart");
    let (mut editor, answer) = Editor::start(Some(folder.path()), pushed())?;
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(answer["capabilities"]["diagnosticProvider"], Value::Null, "one channel for each client");
    let text = LEAK.replace("cell = ", "c\u{1f600} = /* \u{1f600}\u{1f600} */ ").replace("c\u{1f600}", "cell");
    editor.open(&path, &text)?;
    let sent = editor.until(&path, has("leaked_allocation"))?;
    let found = &sent["diagnostics"][0];
    // Two characters that take two columns each stand before it.
    assert_eq!(found["range"]["start"], json!({ "line": 4, "character": 26 }), "{found}");
    assert_eq!((&found["source"], &found["severity"], &sent["version"]), (&json!("ffilint"), &json!(2), &json!(1)));
    assert_eq!(found["codeDescription"]["href"], "ffilint:/rules/leaked_allocation.md");
    assert!(found["relatedInformation"].as_array().is_some_and(|steps| !steps.is_empty()), "{found}");

    let end = json!({ "line": 6, "character": 0 });
    let change = json!([{ "range": { "start": end, "end": end }, "text": "  calloc.free(cell);\n" }]);
    editor.change(&path, 2, change)?;
    let sent = editor.until(&path, is_empty)?;
    assert_eq!(sent["version"], 2);
    editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }))?;
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn a_change_in_c_makes_a_closed_dart_file_wrong() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  final t = table();\n  t.value = 1;\n}\n";
    let kept = "#include <stdlib.h>\nstatic int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes()), ("src/table.c", kept.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let (a, c) = (folder.join("lib/a.dart"), folder.join("src/table.c"));
    let (mut editor, _) = Editor::start(Some(&folder), pushed())?;
    editor.open(&c, kept)?;
    editor.until(&c, is_empty)?;
    let at = |character: u32| json!({ "line": 4, "character": character });
    editor.change(&c, 2, json!([{ "range": { "start": at(9), "end": at(13) }, "text": "calloc(256, 4)" }]))?;
    let sent = editor.until(&a, has("leaked_allocation"))?;
    let steps = sent["diagnostics"][0]["relatedInformation"].to_string();
    assert!(steps.contains("src/table.c"), "the steps in C are there: {steps}");
    editor.change(&c, 3, json!([{ "range": { "start": at(9), "end": at(23) }, "text": "kept" }]))?;
    editor.until(&a, is_empty)?;
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn actions_mend_explain_and_silence() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let path = folder.path().canonicalize()?.join("lib/a.dart");
    let (mut editor, _) = Editor::start(Some(folder.path()), pushed())?;
    editor.open(&path, LEAK)?;
    editor.until(&path, has("leaked_allocation"))?;
    let at = json!({ "line": 4, "character": 16 });
    let params = json!({
        "textDocument": { "uri": uri(&path) }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] }
    });
    let actions = editor.request("textDocument/codeAction", params.clone())?;
    let titles: Vec<&str> = actions.as_array().into_iter().flatten().filter_map(|one| one["title"].as_str()).collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
    assert!(titles[1].starts_with("Ignore `leaked_allocation`") && titles[2] == "Explain `leaked_allocation`");
    assert_eq!(actions[0]["edit"], Value::Null, "it comes when it is asked for");
    let resolved = editor.request("codeAction/resolve", actions[0].clone())?;
    let change = &resolved["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({ "uri": uri(&path), "version": 1 }));
    let edits: Vec<Value> = change["edits"].as_array().cloned().unwrap_or_default();
    editor.change(&path, 2, contents(&edits))?;
    editor.until(&path, is_empty)?;
    // A comment, where it silences.
    editor.change(&path, 3, json!([{ "text": LEAK }]))?;
    editor.until(&path, has("leaked_allocation"))?;
    let edits = actions[1]["edit"]["documentChanges"][0]["edits"].as_array().cloned().unwrap_or_default();
    editor.change(&path, 4, contents(&edits))?;
    editor.until(&path, is_empty)?;
    let page = editor.request("workspace/executeCommand", actions[2]["command"].clone())?;
    assert!(page.as_str().is_some_and(|page| page.contains("leaked_allocation")), "{page}");
    let page = editor.request("workspace/textDocumentContent", json!({ "uri": "ffilint:/rules/double_free.md" }))?;
    assert!(page["text"].as_str().is_some_and(|page| page.contains("double_free")), "{page}");
    assert!(editor.end()?);
    Ok(())
}

/// Edits of one document as changes, from its end to its start.
fn contents(edits: &[Value]) -> Value {
    let line = |edit: &Value| (edit["range"]["start"]["line"].as_u64(), edit["range"]["start"]["character"].as_u64());
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| std::cmp::Reverse(line(edit)));
    edits.iter().map(|edit| json!({ "range": edit["range"], "text": edit["newText"] })).collect()
}

#[test]
fn a_client_that_asks_for_diagnostics_is_sent_none() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes()), ("lib/b.dart", LEAK.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let can = json!({
        "general": { "positionEncodings": ["utf-8", "utf-16"] },
        "workspace": { "diagnostics": { "refreshSupport": true } },
        "textDocument": { "diagnostic": { "relatedInformation": true } }
    });
    let (mut editor, answer) = Editor::start(Some(&folder), can)?;
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    assert_eq!(answer["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"], true);
    let of = |path: &str| json!({ "textDocument": { "uri": uri(&folder.join(path)) } });
    let one = editor.request("textDocument/diagnostic", of("lib/a.dart"))?;
    assert_eq!((&one["kind"], &one["items"][0]["code"]), (&json!("full"), &json!("leaked_allocation")));
    let mut again = of("lib/a.dart");
    again["previousResultId"] = one["resultId"].clone();
    assert_eq!(editor.request("textDocument/diagnostic", again)?["kind"], "unchanged");
    let all = editor.request("workspace/diagnostic", json!({ "previousResultIds": [] }))?;
    let known: Vec<Value> = all["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(known.len(), 2);
    // Asked once more it waits until there is something new; it can be cancelled.
    let known: Vec<Value> = known.iter().map(|one| json!({ "uri": one["uri"], "value": one["resultId"] })).collect();
    let waits = editor.ask("workspace/diagnostic", json!({ "previousResultIds": known }))?;
    editor.notify("$/cancelRequest", json!({ "id": waits }))?;
    assert_eq!(editor.answer(waits)?["code"], -32800);
    let waits = editor.ask("workspace/diagnostic", json!({ "previousResultIds": known }))?;
    editor.open(&folder.join("lib/b.dart"), "// nothing\n")?;
    let new = editor.answer(waits)?;
    assert_eq!(new["items"].as_array().map(Vec::len), Some(2), "{new}");
    let gone = new["items"].as_array().into_iter().flatten().find(|one| one["kind"] == "full");
    assert_eq!(gone.map(|one| &one["items"]), Some(&json!([])), "{new}");
    assert!(editor.asked.iter().any(|asked| asked["method"] == "workspace/diagnostic/refresh"));
    assert!(editor.published.is_empty());
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn hovering_tells_the_story_of_a_finding() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let path = folder.path().canonicalize()?.join("lib/a.dart");
    let (mut editor, _) = Editor::start(Some(folder.path()), pushed())?;
    let at =
        |line: u32| json!({ "textDocument": { "uri": uri(&path) }, "position": { "line": line, "character": 17 } });
    let told = editor.request("textDocument/hover", at(4))?;
    let text = told["contents"]["value"].as_str().unwrap_or_default();
    assert!(text.contains("never released") && text.contains("(a.dart:5)"), "{text}");
    assert_eq!(editor.request("textDocument/hover", at(0))?, Value::Null);
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn configuration_files_and_files_alone_are_read_as_they_are() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let (path, config) = (folder.join("lib/a.dart"), folder.join("ffilint.toml"));
    // No folder is open: the project of the file is found.
    let (mut editor, _) = Editor::start(None, pushed())?;
    editor.open(&path, LEAK)?;
    assert_eq!(editor.until(&path, has("leaked_allocation"))?["diagnostics"][0]["severity"], 2);
    editor.open(&config, "[rules]\nleaked_allocation = \"error\"\n")?;
    editor.until(&path, |sent| sent["diagnostics"][0]["severity"] == 1)?;
    // What is mistyped changes nothing, and is said where it stands.
    editor.change(&config, 2, json!([{ "text": "\n[ruls]\n" }]))?;
    let fault = editor.until(&config, |sent| !is_empty(sent))?;
    let fault = &fault["diagnostics"][0];
    assert_eq!(fault["range"]["start"], json!({ "line": 1, "character": 0 }));
    assert!(fault["message"].as_str().is_some_and(|message| message.contains("did you mean `rules`")), "{fault}");
    assert_eq!(editor.published[&uri(&path)]["diagnostics"][0]["severity"], 1, "as before");
    editor.change(&config, 3, json!([{ "text": "[rules]\nleaked_allocation = \"off\"\n" }]))?;
    editor.until(&path, is_empty)?;
    editor.until(&config, is_empty)?;
    // Closed without being saved, it is what is on the disk.
    editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&config) } }))?;
    editor.until(&path, has("leaked_allocation"))?;
    let changed = json!({ "changes": [{ "uri": uri(&config), "type": 2 }] });
    fs::write(&config, "ruls = 1\n")?;
    editor.notify("workspace/didChangeWatchedFiles", changed.clone())?;
    let said = loop {
        let message = editor.next()?;
        if message["method"] == "window/showMessage" {
            break message["params"]["message"].to_string();
        }
    };
    assert!(said.contains("ffilint.toml:1"), "nobody has it open: {said}");
    fs::write(&config, "[rules]\nleaked_allocation = \"note\"\n")?;
    editor.notify("workspace/didChangeWatchedFiles", changed)?;
    editor.until(&path, |sent| sent["diagnostics"][0]["severity"] == 3)?;
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn the_server_ends_when_its_input_does() -> Outcome {
    let folder = project(&[])?;
    let (mut editor, _) = Editor::start(Some(folder.path()), json!({}))?;
    editor.stdin = None;
    for _ in 0..600 {
        if let Some(status) = editor.child.try_wait()? {
            assert!(status.success(), "{status}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("it did not end".into())
}

#[test]
fn the_other_side_of_the_boundary_is_a_step_away() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  table();\n}\n";
    let native = "static int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes()), ("src/table.c", native.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let (a, c) = (folder.join("lib/a.dart"), folder.join("src/table.c"));
    let (mut editor, _) = Editor::start(Some(&folder), pushed())?;
    let at = |path: &Path, line: u32, character: u32| {
        let position = json!({ "line": line, "character": character });
        json!({ "textDocument": { "uri": uri(path) }, "position": position, "context": { "includeDeclaration": true } })
    };
    let word = |line: u32, from: u32| json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": from + 5 } });
    let definition = editor.request("textDocument/definition", at(&a, 3, 26))?;
    assert_eq!(definition, json!([{ "uri": uri(&c), "range": word(2, 5) }]));
    let references = editor.request("textDocument/references", at(&c, 2, 6))?;
    let (bound, called) =
        (word(3, 24), json!({ "start": { "line": 6, "character": 2 }, "end": { "line": 6, "character": 7 } }));
    assert_eq!(references, json!([{ "uri": uri(&a), "range": bound }, { "uri": uri(&a), "range": called }]));
    // Within a language its own server answers.
    for (method, place) in [("textDocument/definition", at(&a, 5, 6)), ("textDocument/references", at(&c, 3, 10))] {
        assert_eq!(editor.request(method, place)?, Value::Null, "{method}");
    }
    assert!(editor.end()?);
    Ok(())
}

/// Every fixture, in one server: what it says of a file is what `check` says.
#[test]
fn the_findings_are_those_of_check() -> Outcome {
    let cases = crate::fixtures::cases();
    assert!(cases.len() > 500, "{}", cases.len());
    let folders: Vec<Value> = cases.iter().map(|case| json!({ "uri": uri(case), "name": "case" })).collect();
    let can = json!({ "textDocument": { "diagnostic": {} } });
    let (mut editor, _) = Editor::with_folders(json!(folders), can)?;
    let all = editor.request("workspace/diagnostic", json!({ "previousResultIds": [] }))?;
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in all["items"].as_array().into_iter().flatten() {
        let of_file = told.entry(one["uri"].as_str().unwrap_or_default().to_owned()).or_default();
        for found in one["items"].as_array().into_iter().flatten() {
            let start = &found["range"]["start"];
            let place = [&start["line"], &start["character"]].map(|part| part.as_u64().unwrap_or_default() + 1);
            of_file.push(format!("{}:{}: {}", place[0], place[1], found["code"].as_str().unwrap_or_default()));
        }
        of_file.sort();
    }
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in &cases {
        let report = crate::cli::json(case, &[])?;
        for found in report["findings"].as_array().into_iter().flatten() {
            let (start, path) = (&found["location"]["start"], found["location"]["path"].as_str().unwrap_or_default());
            let line = format!("{}:{}: {}", start["line"], start["column"], found["rule"].as_str().unwrap_or_default());
            expected.entry(uri(&case.join(path))).or_default().push(line);
        }
    }
    expected.values_mut().for_each(|lines| lines.sort());
    told.retain(|_, lines| !lines.is_empty());
    assert_eq!(told, expected);
    assert!(editor.end()?);
    Ok(())
}

/// What is typed: letters and signs, ends of lines, characters of every width, calls that make findings and mend them.
const TYPED: [&str; 16] = [
    "a",
    "{",
    "}",
    "'",
    "\"",
    ";",
    "\n",
    "\r\n",
    "\u{e9}",
    "\u{1f600}",
    "/* \u{1f600} */",
    "calloc.free(cell);\n",
    "\n  final cell = calloc<Int32>();\n",
    "",
    "",
    "// ignore: ffilint/leaked_allocation kept\n",
];

#[test]
fn after_any_edits_the_findings_are_those_of_a_fresh_run() -> Outcome {
    for (seed, encoding) in ["utf-8", "utf-16", "utf-32"].into_iter().enumerate() {
        let folder = project(&[("lib/a.dart", b""), ("lib/b.dart", LEAK.as_bytes())])?;
        let folder = folder.path().canonicalize()?;
        let path = folder.join("lib/a.dart");
        let can = json!({ "general": { "positionEncodings": [encoding] }, "textDocument": { "diagnostic": {} } });
        let (mut editor, answer) = Editor::start(Some(&folder), can)?;
        assert_eq!(answer["capabilities"]["positionEncoding"], encoding);
        let body = LEAK.replace("cell.value", "/* \u{1f600}\u{e9} */ cell.value");
        let (head, body) = body.split_at(body.find("void").unwrap_or(0));
        let bodies = (0..8).map(|number| body.replace("leak", &format!("leak{number}")));
        let first_text = format!("{head}{}", bodies.collect::<String>());
        let mut text = first_text.clone();
        editor.open(&path, &text)?;
        let mut chance = Chance(seed as u64 + 1);
        let mut seen = 0;
        for version in 2..62 {
            let mut changes = Vec::new();
            // What is broken stays broken: now and then all begins anew.
            if version % 8 == 0 {
                text.clone_from(&first_text);
                changes.push(json!({ "text": text }));
            }
            for _ in 0..=chance.below(3) {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let first = chance.below(places.len());
                let last = (first + chance.below(4)).min(places.len() - 1);
                // The place between the two characters that end a line is none.
                let halves = |at: usize| text[..at].ends_with('\r') && text[at..].starts_with('\n');
                if halves(places[first]) || halves(places[last]) {
                    continue;
                }
                let range = json!({
                    "start": place(&text, places[first], encoding), "end": place(&text, places[last], encoding)
                });
                let typed = TYPED[chance.below(TYPED.len())];
                changes.push(json!({ "range": range, "text": typed }));
                text.replace_range(places[first]..places[last], typed);
            }
            editor.change(&path, version, json!(changes))?;
            if version % 3 == 0 {
                let document = json!({ "textDocument": { "uri": uri(&path) } });
                let report = editor.request("textDocument/diagnostic", document)?;
                let of_server = report["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|found| (found["range"].clone(), found["code"].as_str().unwrap_or_default().to_owned()));
                fs::write(&path, &text)?;
                let fresh = crate::cli::json(&folder, &["lib/a.dart", "--scope", "primary"])?;
                let of_check = fresh["findings"].as_array().into_iter().flatten().map(|found| {
                    let at = |end: &str| {
                        let offset = found["location"][end]["offset"].as_u64().unwrap_or_default() as usize;
                        place(&text, offset, encoding)
                    };
                    let range = json!({ "start": at("start"), "end": at("end") });
                    (range, found["rule"].as_str().unwrap_or_default().to_owned())
                });
                let sorted = |mut all: Vec<(Value, String)>| {
                    all.sort_by_key(|(range, rule)| format!("{range}{rule}"));
                    all
                };
                seen += fresh["findings"].as_array().map_or(0, Vec::len);
                assert_eq!(
                    sorted(of_server.collect()),
                    sorted(of_check.collect()),
                    "{encoding}, after version {version}: {text}"
                );
            }
        }
        assert!(seen > 10, "{encoding}: {seen}");
        assert!(editor.end()?);
    }
    Ok(())
}

/// A project that takes long enough to check that changes are followed while one types.
#[test]
fn a_large_project_is_followed_while_one_types_and_checked_when_one_stops() -> Outcome {
    let (head, body) = LEAK.split_at(LEAK.find("void").unwrap_or(0));
    let fine = body.replace("}\n", "  calloc.free(cell);\n}\n");
    let functions = |name: &str, body: &str, count: usize| {
        (0..count).map(|number| body.replace("leak", &format!("{name}{number}"))).collect::<String>()
    };
    let others: Vec<(String, String)> =
        (0..80).map(|file| (format!("lib/f{file}.dart"), format!("{head}{}", functions("fine", &fine, 40)))).collect();
    let first_text = format!("{head}{}", functions("leak", body, 12));
    let mut files: Vec<(&str, &[u8])> = others.iter().map(|(path, text)| (&**path, text.as_bytes())).collect();
    files.push(("lib/a.dart", first_text.as_bytes()));
    let folder = project(&files)?;
    let folder = folder.path().canonicalize()?;
    let path = folder.join("lib/a.dart");
    let count = |sent: &Value| sent["diagnostics"].as_array().map_or(0, Vec::len);
    let (mut editor, _) = Editor::start(Some(&folder), pushed())?;
    editor.open(&path, &first_text)?;
    editor.until(&path, |sent| sent["version"] == 1 && count(sent) == 12)?;

    // The body of one function: told with the version it is of.
    let end = json!({ "line": 6, "character": 0 });
    editor.change(&path, 2, json!([{ "range": { "start": end, "end": end }, "text": "  calloc.free(cell);\n" }]))?;
    let sent = editor.until(&path, |sent| sent["version"] == 2)?;
    assert_eq!(count(&sent), 11, "{sent}");
    // A new function is seen when all is looked at again; until then the others move with the text.
    let top = json!({ "line": 3, "character": 0 });
    let leak = "void another() {\n  calloc<Int8>().value = 1;\n}\n\n";
    editor.change(&path, 3, json!([{ "range": { "start": top, "end": top }, "text": leak }]))?;
    editor.until(&path, |sent| sent["version"] == 3 && count(sent) == 12)?;

    let mut chance = Chance(7);
    let mut version = 3;
    for _ in 0..3 {
        let mut text = first_text.clone();
        version += 1;
        editor.change(&path, version, json!([{ "text": text }]))?;
        for _ in 0..20 {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let (at, typed) = (places[chance.below(places.len())], TYPED[chance.below(TYPED.len())]);
            if text[..at].ends_with('\r') && text[at..].starts_with('\n') {
                continue;
            }
            let place = place(&text, at, "utf-16");
            version += 1;
            editor.change(&path, version, json!([{ "range": { "start": place, "end": place }, "text": typed }]))?;
            text.insert_str(at, typed);
        }
        fs::write(&path, &text)?;
        let fresh = crate::cli::json(&folder, &["lib/a.dart", "--scope", "primary"])?;
        let expected = fresh["findings"].as_array().into_iter().flatten().map(|found| {
            let offset = found["location"]["start"]["offset"].as_u64().unwrap_or_default() as usize;
            format!("{} {}", place(&text, offset, "utf-16"), found["rule"].as_str().unwrap_or_default())
        });
        let mut expected: Vec<String> = expected.collect();
        expected.sort();
        editor.until(&path, |sent| {
            let found = sent["diagnostics"].as_array().into_iter().flatten();
            let told =
                found.map(|one| format!("{} {}", one["range"]["start"], one["code"].as_str().unwrap_or_default()));
            let mut told: Vec<String> = told.collect();
            told.sort();
            sent["version"] == version && told == expected
        })?;
    }

    // A file that is made, opened and mended while the project is read and checked again.
    for (number, pause) in [600, 800].into_iter().enumerate() {
        let new = folder.join(format!("lib/new{number}.dart"));
        fs::write(&new, LEAK)?;
        editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&new), "type": 1 }] }))?;
        editor.open(&new, LEAK)?;
        std::thread::sleep(Duration::from_millis(pause));
        let end = json!({ "line": 6, "character": 0 });
        editor.change(&new, 2, json!([{ "range": { "start": end, "end": end }, "text": "  calloc.free(cell);\n" }]))?;
        editor.settle();
        editor.until(&new, |sent| sent["version"] == 2 && is_empty(sent))?;
        // It is gone on the disk and open all the same.
        fs::remove_file(&new)?;
        editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&new), "type": 3 }] }))?;
        editor.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&new) } }))?;
        std::thread::sleep(Duration::from_millis(pause));
        editor.open(&new, LEAK)?;
        editor.until(&new, |sent| sent["version"] == 1 && has("leaked_allocation")(sent))?;
    }
    assert!(editor.end()?);
    Ok(())
}

/// The position of a byte, by the protocol's words.
fn place(text: &str, offset: usize, encoding: &str) -> Value {
    let before = &text[..offset];
    let ends = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
    let line = &before[before.rfind(['\n', '\r']).map_or(0, |end| end + 1)..];
    let column = match encoding {
        "utf-8" => line.len(),
        "utf-16" => line.encode_utf16().count(),
        _ => line.chars().count(),
    };
    json!({ "line": ends, "character": column })
}
