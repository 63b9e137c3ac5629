// Starts `ffilint lsp` and shows the pages of its rules. All else is the server's.

const vscode = require('vscode');
const { LanguageClient, State } = require('vscode-languageclient/node');

/** The languages that the server reads. */
const LANGUAGES = ['dart', 'rust', 'c', 'cpp', 'objective-c', 'objective-cpp', 'typescript', 'arkts', 'ets'];

/** Files beside the sources that change what is found. */
const BESIDE = ['**/ffilint.toml', '**/analysis_options.yaml', '**/pubspec.yaml'];

/** The scheme of the pages, as the server names it in `codeDescription`. */
const PAGES = 'ffilint';

/** The server, where it runs. */
let client;

async function activate(context) {
  const log = vscode.window.createOutputChannel('ffilint', { log: true });
  const pages = { provideTextDocumentContent: (uri) => page(uri) };
  context.subscriptions.push(
    log,
    vscode.workspace.registerTextDocumentContentProvider(PAGES, pages),
    vscode.commands.registerCommand('ffilint.restart', () => restart(log)),
    vscode.commands.registerCommand('ffilint.showRule', (rule) => showRule(rule)),
    vscode.commands.registerCommand('ffilint.showLog', () => log.show()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('ffilint')) {
        return restart(log);
      }
    }),
  );
  await restart(log);
}

async function deactivate() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart(log) {
  await deactivate();
  const settings = vscode.workspace.getConfiguration('ffilint');
  if (!settings.get('enable')) {
    return;
  }
  const command = settings.get('path') || 'ffilint';
  const run = { command, args: ['lsp'] };
  const documentSelector = [
    ...LANGUAGES.map((language) => ({ scheme: 'file', language })),
    ...BESIDE.map((pattern) => ({ scheme: 'file', pattern })),
  ];
  const starting = new LanguageClient('ffilint', 'ffilint', { run, debug: run }, {
    documentSelector,
    outputChannel: log,
    middleware: {
      // The server answers with the page; here it is shown as one.
      executeCommand: async (name, args, next) =>
        name === 'ffilint.explain' ? showRule(args[0]) : next(name, args),
    },
  });
  client = starting;
  try {
    await starting.start();
  } catch (error) {
    log.error(String(error));
    const open = 'Open the settings';
    const message = `ffilint: \`${command}\` cannot be started. Install it, or say in \`ffilint.path\` where it is.`;
    if ((await vscode.window.showErrorMessage(message, open)) === open) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'ffilint.path');
    }
  }
}

/** Shows the page of a rule beside the code. */
async function showRule(rule) {
  const name = rule ?? (await vscode.window.showInputBox({ prompt: 'The rule, such as leaked_allocation' }));
  if (name) {
    await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.parse(`${PAGES}:/rules/${name}.md`));
  }
}

/** The text of a page, which the server has. */
async function page(uri) {
  if (client?.state !== State.Running) {
    return 'ffilint does not run.';
  }
  const { text } = await client.sendRequest('workspace/textDocumentContent', { uri: uri.toString() });
  return text;
}

module.exports = { activate, deactivate };
