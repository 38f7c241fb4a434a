// Tests inside the extension host: what the UI does not show, by the `vscode` API. They run in order, on one copy of the
// sample workspace, and start without a model.
const assert = require("node:assert/strict");
const { lookup } = require("node:dns");
const { existsSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const vscode = require("vscode");
const { tests: batchTests } = require("./batch-tests.cjs");
const {
  acceptGhost,
  discard,
  emptyList,
  extension,
  flowNote,
  open,
  root,
  run,
  trainWords,
  until,
} = require("./support.cjs");

exports.tests = [
  [
    "activation takes under 50 ms",
    async () => {
      const api = await extension.activate();
      assert.ok(api.loadMs > 0, `${api.loadMs} ms`);
      assert.ok(api.activationMs < 50, `${api.activationMs} ms`);
    },
  ],
  [
    "every command of the manifest is there",
    async () => {
      const known = await vscode.commands.getCommands(true);
      for (const { command } of extension.packageJSON.contributes.commands) assert.ok(known.includes(command), command);
    },
  ],
  [
    "without a model there is nothing to see, and nothing fails",
    async () => {
      const { document, line } = await emptyList();
      await run("editor.action.inlineSuggest.trigger");
      await delay(500);
      await run("editor.action.inlineSuggest.commit");
      assert.equal(document.lineAt(line).text, "tags: []");
      await discard();
      const folder = async () => JSON.parse(await run("tagwright.copyDiagnostics")).server?.folders[0];
      const before = await until("a count", async () => (await folder())?.state.taggedDocuments);
      writeFileSync(path.join(root, "by-another.md"), "---\ntags: [x]\n---\n");
      await until("another count", async () => (await folder()).state.taggedDocuments === before + 1);
      rmSync(path.join(root, "by-another.md"));
    },
  ],
  [
    "the command asks what kind of model before it trains, and trains nothing without an answer",
    async () => {
      const asked = run("tagwright.trainModel");
      await delay(1000);
      await run("workbench.action.closeQuickOpen");
      assert.equal(await asked, false);
      assert.equal(existsSync(path.join(root, ".tags/model")), false);
    },
  ],
  [
    "training from the command makes a model that the server takes in",
    async () => {
      assert.equal(await trainWords(), true);
      assert.ok(existsSync(path.join(root, ".tags/model/model.json")));
      const facts = JSON.parse(await run("tagwright.copyDiagnostics"));
      assert.equal(facts.server.folders[0].state.kind, "ready", JSON.stringify(facts));
      assert.ok(facts.server.folders[0].state.labels > 20);
    },
  ],
  [
    "ghost text is put into the list, and undo takes it out",
    async () => {
      const note = await emptyList();
      const text = await acceptGhost(note);
      assert.match(text, /^tags: \[[^\]]+\]$/);
      await run("undo");
      assert.equal(note.document.lineAt(note.line).text, "tags: []");
      await discard();
    },
  ],
  [
    "completion in the list has suggestions first, and none in prose",
    async () => {
      const { document, line } = await emptyList();
      const at = (position) => run("vscode.executeCompletionItemProvider", document.uri, position);
      const ours = await until("suggested tags", async () => {
        const { items } = await at(new vscode.Position(line, 7));
        return items.some((it) => it.detail?.startsWith("Suggested")) && items;
      });
      const sorted = [...ours].sort((a, b) => ((a.sortText ?? "") < (b.sortText ?? "") ? -1 : 1));
      assert.match(sorted[0].detail, /^Suggested: /);
      assert.ok(ours.length > 20, `${ours.length} items`);
      const prose = await at(new vscode.Position(document.lineCount - 1, 0));
      assert.deepEqual(
        prose.items.filter((it) => it.detail?.startsWith("Suggested")),
        [],
      );
      await discard();
    },
  ],
  [
    "hover on a tag says how likely it is and which words spoke for it",
    async () => {
      const { document, line, end } = await flowNote();
      const text = await until("a hover", async () => {
        const hovers = await run("vscode.executeHoverProvider", document.uri, new vscode.Position(line, end - 1));
        return hovers
          .flatMap((it) => it.contents)
          .map((it) => it.value)
          .join("\n");
      });
      assert.match(text, /for this document/);
      assert.match(text, /Words that spoke for it/);
    },
  ],
  [
    "the code action adds tags, and only touches their line",
    async () => {
      const { document, line } = await emptyList();
      const before = document.getText().split("\n");
      const range = new vscode.Range(line, 7, line, 7);
      const action = await until("the code action", async () => {
        const found = await run("vscode.executeCodeActionProvider", document.uri, range, "quickfix");
        return found.find((it) => it.title.startsWith("Add suggested tags"));
      });
      assert.ok(await vscode.workspace.applyEdit(action.edit));
      const after = document.getText().split("\n");
      assert.deepEqual(
        after.map((it, at) => (it === before[at] ? -1 : at)).filter((it) => it >= 0),
        [line],
      );
      await discard();
    },
  ],
  [
    "tags that are a comment become a list by a quick fix",
    async () => {
      const { document, line } = await emptyList();
      const row = document.lineAt(line).range;
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, row, "tags: #jam #old-books");
      assert.ok(await vscode.workspace.applyEdit(edit));
      const range = new vscode.Range(line, 8, line, 8);
      const action = await until("the quick fix", async () => {
        const found = await run("vscode.executeCodeActionProvider", document.uri, range, "quickfix");
        return found.find((it) => it.title === "Make the comment a list of tags: jam, old-books");
      });
      assert.ok(await vscode.workspace.applyEdit(action.edit));
      assert.equal(document.lineAt(line).text, "tags: [jam, old-books]");
      await discard();
    },
  ],
  [
    "a file without a place for tags gets them in its sidecar",
    async () => {
      const file = path.join(root, "plain.txt");
      writeFileSync(file, "Currants and jam, sugar and jars.\n");
      await open("plain.txt");
      const added = await run("tagwright.suggestDocument", ["jam making"]);
      assert.deepEqual([...added], ["jam making"]);
      assert.match(readFileSync(`${file}.tags.yaml`, "utf8"), /jam making/);
      assert.equal(readFileSync(file, "utf8"), "Currants and jam, sugar and jars.\n");
      rmSync(file);
      rmSync(`${file}.tags.yaml`);
    },
  ],
  [
    "a server that is killed in the middle of a request comes back, and answers",
    async () => {
      const api = await extension.activate();
      const pid = await api.serverPid();
      const note = await emptyList();
      const pending = run("vscode.executeCompletionItemProvider", note.document.uri, new vscode.Position(note.line, 7));
      process.kill(pid, "SIGKILL");
      await pending.then(undefined, () => undefined);
      await until("another server process", async () => {
        const now = await api.serverPid().catch(() => undefined);
        return now !== undefined && now !== pid;
      });
      assert.match(await acceptGhost(note), /^tags: \[[^\]]+\]$/);
      await discard();
    },
  ],
  ...batchTests,
  [
    "a broken model is a state, not an error, and training heals it",
    async () => {
      const file = path.join(root, ".tags/model/model.json");
      writeFileSync(file, readFileSync(file).subarray(0, 100));
      const kind = async () => JSON.parse(await run("tagwright.copyDiagnostics")).server.folders[0].state.kind;
      const note = await emptyList();
      await until("the state to say so", async () => {
        await run("vscode.executeCompletionItemProvider", note.document.uri, new vscode.Position(note.line, 7));
        return (await kind()) === "failed";
      });
      await discard();
      assert.equal(await trainWords(), true);
      assert.equal(await kind(), "ready");
    },
  ],
  [
    "the previous model is brought back, and the same command returns to the new one",
    async () => {
      const made = () => JSON.parse(readFileSync(path.join(root, ".tags/model/model.json"), "utf8")).createdAt;
      const restore = () => run("tagwright.restoreModel", undefined, true);
      const first = made();
      assert.equal(await trainWords(), true);
      const second = made();
      assert.notEqual(second, first);
      assert.equal(await restore(), true);
      assert.equal(made(), first);
      const facts = JSON.parse(await run("tagwright.copyDiagnostics"));
      assert.equal(facts.server.folders[0].state.createdAt, first, JSON.stringify(facts));
      assert.equal(await restore(), true);
      assert.equal(made(), second);
    },
  ],
  [
    "a server that keeps ending is let be, and comes back when it is needed",
    async () => {
      const api = await extension.activate();
      let pid = await api.serverPid();
      for (let ends = 0; pid !== undefined; ends++) {
        assert.ok(ends < 6, "it came back six times");
        process.kill(pid, "SIGKILL");
        await until("its end, and another process or none", async () => {
          const now = await api.serverPid().catch(() => pid);
          const isOther = now !== pid;
          if (isOther) pid = now;
          return isOther;
        });
      }
      assert.equal(JSON.parse(await run("tagwright.copyDiagnostics")).server, undefined);
      const note = await emptyList();
      await run("tagwright.suggestDocument", []);
      assert.notEqual(await api.serverPid(), undefined);
      assert.match(await acceptGhost(note), /^tags: \[[^\]]+\]$/);
      await discard();
    },
  ],
  [
    "restarting the server keeps everything working",
    async () => {
      await run("tagwright.restartServer");
      const note = await emptyList();
      assert.match(await acceptGhost(note), /^tags: \[[^\]]+\]$/);
      await discard();
    },
  ],
  [
    "a name is looked up on purpose, as the control of the network check",
    () => new Promise((resolve) => lookup("control.invalid", () => resolve())),
  ],
];
