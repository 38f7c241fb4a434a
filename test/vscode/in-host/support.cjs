// What the tests in the extension host share: the workspace's notes, the editor, and waiting.
const { createHash } = require("node:crypto");
const { readdirSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const vscode = require("vscode");

const root = vscode.workspace.workspaceFolders[0].uri.fsPath;
const extension = vscode.extensions.getExtension("tagwright.tagwright");
const run = (command, ...args) => vscode.commands.executeCommand(command, ...args);

async function until(what, condition, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await delay(50)) {
    const result = await condition();
    if (result) return result;
  }
  throw new Error(`never happened: ${what}`);
}

/** Relative path of each note to its bytes. */
function notes() {
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && it.name.endsWith(".md"))
    .map((it) => path.relative(root, path.join(it.parentPath ?? it.path, it.name)))
    .filter((it) => !it.startsWith("."));
  return new Map(names.sort().map((it) => [it, readFileSync(path.join(root, it))]));
}

const text = (file) => readFileSync(file, "utf8").replace(/^\ufeff/, "");
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function open(relative) {
  const document = await vscode.workspace.openTextDocument(path.join(root, relative));
  return { document, editor: await vscode.window.showTextDocument(document) };
}

/** A note with a flow list of tags, and the position behind its last tag. */
async function flowNote() {
  const [relative] = [...notes()].find(([, bytes]) => /^tags: \[[^\]\n]+\]$/m.test(bytes.toString()));
  const { document, editor } = await open(relative);
  const line = document
    .getText()
    .split(/\r?\n/)
    .findIndex((it) => it.startsWith("tags: ["));
  const end = document.lineAt(line).text.length - 1;
  return { document, editor, line, end };
}

async function emptyList() {
  const note = await flowNote();
  const { document, editor, line } = note;
  await editor.edit((edit) => edit.replace(document.lineAt(line).range, "tags: []"));
  editor.selection = new vscode.Selection(line, 7, line, 7);
  return note;
}

const discard = () => run("workbench.action.files.revert");

/** Asks for ghost text until some was put in. Asking again takes back what was asked, so an answer gets time first. */
async function acceptGhost({ document, line }) {
  const taken = () => document.lineAt(line).text !== "tags: []" && document.lineAt(line).text;
  return until("ghost text in the tag list", async () => {
    await run("editor.action.inlineSuggest.trigger");
    for (let look = 0; look < 10 && !taken(); look++) {
      await delay(200);
      await run("editor.action.inlineSuggest.commit");
    }
    return taken();
  });
}

/** Trains on words alone, without the question. */
const trainWords = () => run("tagwright.trainModel", undefined, { encoder: "none" });

module.exports = {
  acceptGhost,
  discard,
  emptyList,
  extension,
  flowNote,
  hash,
  notes,
  open,
  root,
  run,
  text,
  trainWords,
  until,
};
