// The bundle as the editor would load it: with a `vscode` that notes what is asked of it.

const assert = require('node:assert');
const Module = require('node:module');
const path = require('node:path');
const test = require('node:test');

const registered = { commands: [], schemes: [], errors: [] };

/** Stands in for whatever the client library only mentions. */
const anything = () =>
  new Proxy(function () {}, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => '' : name === 'prototype' ? {} : anything()),
    apply: () => anything(),
    construct: () => ({}),
  });

const settings = { enable: true, path: '/no/such/ffilint' };
const disposable = { dispose() {} };
const vscode = new Proxy(
  {
    window: {
      createOutputChannel: () => ({ error() {}, show() {}, append() {}, appendLine() {}, dispose() {} }),
      showErrorMessage: async (message) => void registered.errors.push(message),
    },
    workspace: {
      registerTextDocumentContentProvider: (scheme) => (registered.schemes.push(scheme), disposable),
      onDidChangeConfiguration: () => disposable,
      getConfiguration: () => ({ get: (name) => settings[name] }),
    },
    commands: {
      registerCommand: (name) => (registered.commands.push(name), disposable),
    },
    version: '1.99.0',
  },
  { get: (known, name) => (name in known ? known[name] : anything()) },
);

const load = Module._load;
Module._load = function (name, ...rest) {
  return name === 'vscode' ? vscode : load.call(this, name, ...rest);
};

test('the bundle registers what the manifest says', async () => {
  settings.enable = false;
  const manifest = require('../package.json');
  const extension = require(path.join('..', manifest.main));
  await extension.activate({ subscriptions: [] });
  const declared = manifest.contributes.commands.map((command) => command.command);
  assert.deepStrictEqual(registered.commands.sort(), declared.sort());
  assert.deepStrictEqual(registered.schemes, ['ffilint']);
  assert.deepStrictEqual(registered.errors, []);
  await extension.deactivate();
});
