// Tests of a batch over the workspace inside the extension host: suggest, apply, revert.
const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const fs = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { promisify } = require("node:util");
const vscode = require("vscode");
const { extension, hash, notes, root, run, text, until } = require("./support.cjs");

const { readFileSync, rmSync, writeFileSync } = fs;

exports.tests = [
  [
    "a batch changes only tag lines, and reverting it restores every file byte for byte",
    async () => {
      await vscode.workspace.getConfiguration("tagwright").update("review.preselectProbability", 0.2, true);
      await vscode.workspace.getConfiguration("tagwright").update("review.minProbability", 0.1, true);
      const before = notes();
      assert.ok((await run("tagwright.suggestWorkspace")) > 0);
      const written = await run("tagwright.applySuggestions");
      assert.ok(written > 0);
      const changed = [...notes()].filter(([name, bytes]) => hash(bytes) !== hash(before.get(name)));
      assert.ok(changed.length > 0);
      for (const [name, bytes] of changed) {
        const body = (it) =>
          it.toString().replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n|^\+\+\+\r?\n[\s\S]*?\r?\n\+\+\+\r?\n/, "");
        const text = before.get(name).toString();
        if (!/^\ufeff?[-+{]/.test(text)) continue;
        assert.equal(body(bytes), body(before.get(name)), name);
      }
      assert.equal(vscode.workspace.textDocuments.filter((it) => it.isDirty).length, 0);
      assert.equal(await run("tagwright.revertBatch"), changed.length);
      for (const [name, bytes] of notes()) assert.equal(hash(bytes), hash(before.get(name)), name);
      assert.equal(await run("tagwright.revertBatch"), 0);
    },
  ],
  [
    "who asks for suggestions again while they are made has each of them once, by the second command",
    async () => {
      const expected = await run("tagwright.suggestWorkspace");
      const [overtaken, last] = await Promise.all([
        run("tagwright.suggestWorkspace"),
        run("tagwright.suggestWorkspace"),
      ]);
      assert.deepEqual([overtaken, last], [0, expected]);
    },
  ],
  [
    "the command line takes back what the editor wrote, byte for byte",
    async () => {
      const before = notes();
      await run("tagwright.suggestWorkspace");
      assert.ok((await run("tagwright.applySuggestions")) > 0);
      const program = path.join(extension.extensionPath, "dist/tagwright.cjs");
      await promisify(execFile)(process.execPath, [program, "revert", root]);
      for (const [name, bytes] of notes()) assert.equal(hash(bytes), hash(before.get(name)), name);
      // The editor reads what changed beside it before the next test looks.
      await until("the editor to see it", () =>
        vscode.workspace.textDocuments
          .filter((it) => it.uri.scheme === "file" && it.languageId === "markdown")
          .every((it) => it.getText() === text(it.uri.fsPath)),
      );
    },
  ],
  [
    "a batch file that was edited since keeps the edit when the batch is reverted",
    async () => {
      await run("tagwright.suggestWorkspace");
      const before = notes();
      await run("tagwright.applySuggestions");
      const [name] = [...notes()].find(([it, bytes]) => hash(bytes) !== hash(before.get(it)));
      const file = path.join(root, name);
      writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from("\nOne more line.\n")]));
      await until("the editor to see the change", async () => {
        const document = await vscode.workspace.openTextDocument(file);
        return document.getText().includes("One more line.");
      });
      await run("tagwright.revertBatch");
      const expected = Buffer.concat([before.get(name), Buffer.from("\nOne more line.\n")]);
      assert.equal(readFileSync(file).toString(), expected.toString());
      writeFileSync(file, before.get(name));
    },
  ],
  [
    "a file that was deleted since is no reason to keep a batch, and one behind a link is let be",
    async () => {
      await run("tagwright.suggestWorkspace");
      const before = notes();
      await run("tagwright.applySuggestions");
      const changed = [...notes()].filter(([name, bytes]) => hash(bytes) !== hash(before.get(name)));
      const [[gone], [linked], ...others] = changed;
      assert.ok(others.length > 0);
      const elsewhere = path.join(fs.mkdtempSync(path.join(tmpdir(), "tagwright-")), "note.md");
      const tagged = readFileSync(path.join(root, linked));
      rmSync(path.join(root, gone));
      fs.renameSync(path.join(root, linked), elsewhere);
      fs.symlinkSync(elsewhere, path.join(root, linked));
      assert.equal(await run("tagwright.revertBatch"), others.length);
      assert.equal(hash(readFileSync(elsewhere)), hash(tagged));
      rmSync(path.join(root, linked));
      assert.equal(await run("tagwright.revertBatch"), 0);
      for (const name of [gone, linked]) writeFileSync(path.join(root, name), before.get(name));
      for (const [name, bytes] of notes()) assert.equal(hash(bytes), hash(before.get(name)), name);
    },
  ],
];
