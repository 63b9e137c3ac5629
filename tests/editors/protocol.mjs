// The protocol library of Visual Studio Code as a client: pushed and pulled diagnostics, those of the workspace,
// cancellation, the end. Run by `tests/it/editors.rs`; FFILINT names the program, the argument the project, and
// FFILINT_NODE_MODULES the folder in which `vscode-languageserver-protocol` is installed.

import assert from 'node:assert';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.env.FFILINT_NODE_MODULES, 'x.js'));
const lsp = require('vscode-languageserver-protocol/node');

const folder = process.argv[2];
const uri = (name) => pathToFileURL(path.join(folder, name)).toString();
const LEAK = `import 'dart:ffi';
import 'package:ffi/ffi.dart';

void leak() {
  final cell = calloc<Int32>();
  cell.value = 1;
}
`;

/** A server, and what it sends of each document. */
async function start(capabilities) {
  const child = spawn(process.env.FFILINT, ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = lsp.createProtocolConnection(
    new lsp.StreamMessageReader(child.stdout),
    new lsp.StreamMessageWriter(child.stdin),
  );
  const sent = new Map();
  const waiting = [];
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
    sent.set(params.uri, params);
    waiting.splice(0).forEach((wake) => wake());
  });
  let refreshed = 0;
  connection.onRequest(lsp.DiagnosticRefreshRequest.type, () => void (refreshed += 1));
  connection.listen();
  const answer = await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities,
    workspaceFolders: [{ uri: pathToFileURL(folder).toString(), name: 'w' }],
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  const until = async (document, is) => {
    while (!(sent.has(document) && is(sent.get(document)))) {
      await new Promise((wake) => waiting.push(wake));
    }
    return sent.get(document);
  };
  const end = async () => {
    await connection.sendRequest(lsp.ShutdownRequest.type);
    const ended = new Promise((done) => child.on('exit', done));
    await connection.sendNotification(lsp.ExitNotification.type);
    assert.strictEqual(await ended, 0);
    connection.dispose();
  };
  return { connection, answer, sent, until, end, refreshed: () => refreshed };
}

const open = (server, name, text) =>
  server.connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri: uri(name), languageId: 'dart', version: 1, text },
  });

// Pushed.
{
  const server = await start({ textDocument: { publishDiagnostics: { relatedInformation: true, versionSupport: true } } });
  assert.strictEqual(server.answer.capabilities.diagnosticProvider, undefined);
  await open(server, 'lib/a.dart', LEAK);
  const { diagnostics } = await server.until(uri('lib/a.dart'), (sent) => sent.diagnostics.length === 1);
  assert.strictEqual(diagnostics[0].code, 'leaked_allocation');
  assert.deepStrictEqual(diagnostics[0].range.start, { line: 4, character: 15 });
  await server.connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: uri('lib/a.dart'), version: 2 },
    contentChanges: [{ range: { start: { line: 6, character: 0 }, end: { line: 6, character: 0 } }, text: '  calloc.free(cell);\n' }],
  });
  await server.until(uri('lib/a.dart'), (sent) => sent.diagnostics.length === 0 && sent.version === 2);
  await server.end();
}

// Pulled.
{
  const server = await start({
    workspace: { diagnostics: { refreshSupport: true } },
    textDocument: { diagnostic: { dynamicRegistration: false, relatedDocumentSupport: true } },
  });
  const { connection } = server;
  const all = await connection.sendRequest(lsp.WorkspaceDiagnosticRequest.type, { previousResultIds: [] });
  assert.deepStrictEqual(all.items.map((item) => item.uri), [uri('lib/old.dart')]);
  const known = all.items.map(({ uri, resultId }) => ({ uri, value: resultId }));
  // Nothing is new: it waits, and can be cancelled.
  const source = new lsp.CancellationTokenSource();
  const waits = connection.sendRequest(lsp.WorkspaceDiagnosticRequest.type, { previousResultIds: known }, source.token);
  setTimeout(() => source.cancel(), 50);
  await assert.rejects(waits, (error) => error.code === lsp.LSPErrorCodes.RequestCancelled);
  const next = connection.sendRequest(lsp.WorkspaceDiagnosticRequest.type, { previousResultIds: known });
  await open(server, 'lib/a.dart', LEAK);
  assert.ok((await next).items.some((item) => item.uri === uri('lib/a.dart') && item.items.length === 1));
  const one = await connection.sendRequest(lsp.DocumentDiagnosticRequest.type, { textDocument: { uri: uri('lib/a.dart') } });
  assert.strictEqual(one.items.length, 1);
  const same = await connection.sendRequest(lsp.DocumentDiagnosticRequest.type, {
    textDocument: { uri: uri('lib/a.dart') },
    previousResultId: one.resultId,
  });
  assert.strictEqual(same.kind, 'unchanged');
  assert.strictEqual(server.sent.size, 0);
  assert.ok(server.refreshed() > 0);
  await server.end();
}
console.log('protocol: all well');
