// All commands of the palette, one line each; what they do is in the file of their name.
import { commands, type Disposable, env, l10n, type Uri, window } from "vscode";
import type { App } from "./app.ts";
import { restoreModel } from "./restore-model.ts";
import { registerReviewCommands } from "./review/commands.ts";
import { openSample } from "./sample.ts";
import { suggestDocument } from "./suggest-document.ts";
import { trainModel } from "./train.ts";
import { parseChoice } from "./training/training-choice.ts";

export function registerCommands(app: App): Disposable[] {
  return [
    commands.registerCommand("tagwright.trainModel", (folder?: Uri, choice?: unknown) =>
      trainModel(app, folder, parseChoice(choice)),
    ),
    commands.registerCommand("tagwright.showTraining", () => app.training.view.reveal()),
    commands.registerCommand("tagwright.restoreModel", (folder?: Uri, isConfirmed?: unknown) =>
      restoreModel(app, folder, isConfirmed === true),
    ),
    commands.registerCommand("tagwright.suggestDocument", (tags?: readonly string[]) =>
      suggestDocument(app, Array.isArray(tags) ? tags : undefined),
    ),
    commands.registerCommand("tagwright.openSample", () => openSample(app.context)),
    commands.registerCommand("tagwright.showLogs", () => app.log.show()),
    commands.registerCommand("tagwright.restartServer", () => restart(app)),
    commands.registerCommand("tagwright.copyDiagnostics", () => copyDiagnostics(app)),
    ...registerReviewCommands(app),
  ];
}

async function restart(app: App): Promise<void> {
  const running = app.running();
  if (running === undefined) await app.client();
  else await running.restart();
}

/** What a bug report needs, without a word of any document. */
async function copyDiagnostics(app: App): Promise<string> {
  const { extension } = app.context;
  const facts = {
    extension: extension.packageJSON.version as string,
    platform: `${process.platform} ${process.arch}`,
    extensionHostNode: process.version,
    server: await app
      .running()
      ?.diagnostics()
      .catch((error: unknown) => `does not answer: ${String(error)}`),
  };
  const text = JSON.stringify(facts, null, 2);
  // A browser may keep a write waiting until its page has the focus; the command does not wait with it.
  await Promise.race([env.clipboard.writeText(text), new Promise((resolve) => setTimeout(resolve, 1000))]);
  void window.showInformationMessage(l10n.t("Copied: versions, memory and the state of the model."));
  return text;
}
