// The extension's entry. Activation registers commands and views and reads nothing; the language server starts with the
// first document that can carry tags, or with the first command that needs it.
import { commands, type ExtensionContext, tasks, window, workspace } from "vscode";
import { createApp } from "./app.ts";
import { registerCommands } from "./commands.ts";
import { isRelevant } from "./documents.ts";
import { triggerGhostText } from "./ghost-text.ts";
import { trainingOptions } from "./train.ts";
import { createTaskProvider, taskType } from "./training/training-task.ts";

/** When the first line of the bundle ran; esbuild.mjs writes that line. */
declare const bundleStart: number;
/** All that `activate` needs has been evaluated. */
const bundleEnd = performance.now();

/** For tests in a real VS Code. */
export interface Api {
  /** How long the bundle took to be evaluated, before `activate`. */
  readonly loadMs: number;
  /** How long `activate` took. */
  readonly activationMs: number;
  /** Process id of the running language server, to kill it. */
  serverPid(): Promise<number | undefined>;
}

/** VS Code calls it once, on the first activation event. */
export function activate(context: ExtensionContext): Api {
  const start = performance.now();
  const app = createApp(context);
  const startFor = (it: { readonly document: Parameters<typeof isRelevant>[0] } | undefined) => {
    if (it !== undefined && isRelevant(it.document)) void app.client().catch(() => undefined);
  };
  context.subscriptions.push(
    ...registerCommands(app),
    triggerGhostText(app.running),
    tasks.registerTaskProvider(taskType, createTaskProvider(trainingOptions(app))),
    window.onDidChangeActiveTextEditor(startFor),
    workspace.onDidGrantWorkspaceTrust(() => void app.running()?.trustGranted()),
    { dispose: () => void app.stop() },
  );
  startFor(window.activeTextEditor);
  void commands.executeCommand("setContext", "tagwright.reviewing", false);
  const loadMs = bundleEnd - bundleStart;
  const activationMs = performance.now() - start;
  app.log.info(`loaded in ${loadMs.toFixed(1)} ms, activated in ${activationMs.toFixed(1)} ms`);
  return {
    loadMs,
    activationMs,
    serverPid: async () => ((await app.running()?.diagnostics()) as { pid?: number } | undefined)?.pid,
  };
}
