"""The server with what Visual Studio Code, Neovim and Emacs say they can do.

Run by `tests/it/editors.rs`; FFILINT names the program, the working directory is the project.
"""

import asyncio
import os
import pathlib

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

LEAK = """import 'dart:ffi';
import 'package:ffi/ffi.dart';

void leak() {
  final cell = calloc<Int32>();
  cell.value = 1;
}
"""


@pytest_lsp.fixture(
    params=["visual-studio-code", "neovim", "emacs"],
    config=ClientServerConfig(server_command=[os.environ["FFILINT"], "lsp"]),
)
async def client(lsp_client: LanguageClient, request):
    # What an editor answers, whatever it does about it.
    lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda *_: None)
    folder = pathlib.Path.cwd().as_uri()
    params = types.InitializeParams(
        capabilities=client_capabilities(request.param),
        root_uri=folder,
        workspace_folders=[types.WorkspaceFolder(uri=folder, name="w")],
    )
    await lsp_client.initialize_session(params)
    lsp_client.name = request.param
    yield
    await lsp_client.shutdown_session()


async def found_in(client: LanguageClient, uri: str) -> list:
    """Whatever the channel of this client is."""
    pulls = client_capabilities(client.name).text_document.diagnostic is not None
    if pulls:
        report = await client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(text_document=types.TextDocumentIdentifier(uri=uri))
        )
        assert uri not in client.diagnostics, "one channel for each client"
        return list(report.items)
    return list(client.diagnostics.get(uri, []))


async def until(client: LanguageClient, uri: str, count: int) -> list:
    for _ in range(600):
        found = await found_in(client, uri)
        if len(found) == count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{count} findings are waited for, there are {found}")


@pytest.mark.asyncio
async def test_a_leak_is_seen_and_mended(client: LanguageClient):
    uri = (pathlib.Path.cwd() / "lib" / "a.dart").as_uri()
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            text_document=types.TextDocumentItem(uri=uri, language_id="dart", version=1, text=LEAK)
        )
    )
    [leak] = await until(client, uri, 1)
    assert leak.code == "leaked_allocation"
    assert leak.range.start == types.Position(line=4, character=15)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=uri),
            range=leak.range,
            context=types.CodeActionContext(diagnostics=[leak]),
        )
    )
    assert any(action.title.startswith("Ignore `leaked_allocation`") for action in actions)
    end = types.Position(line=6, character=0)
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=2),
            content_changes=[
                types.TextDocumentContentChangePartial(
                    range=types.Range(start=end, end=end), text="  calloc.free(cell);\n"
                )
            ],
        )
    )
    await until(client, uri, 0)
