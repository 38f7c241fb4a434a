// Tests by keyboard and mouse on the installed .vsix, in order, on one copy of the sample workspace without a model.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { waitForFile } from "./workbench.mjs";

/** The note that is tagged by hand: its tags are in a flow list. */
function chooseNote(workspace) {
  const names = readdirSync(workspace, { recursive: true })
    .map(String)
    .filter((it) => it.endsWith(".md"))
    .sort();
  for (const name of names) {
    const lines = readFileSync(path.join(workspace, name), "utf8").split("\n");
    const line = lines.findIndex((it) => /^tags: \[[^\]]+\]$/.test(it));
    if (line > 0) return { name, line: line + 1, text: lines[line] };
  }
  throw new Error("the sample has no note with a flow list");
}

export const uiTests = [
  [
    "the next step without a model is training, said in the language status",
    async ({ workbench, page }) => {
      await workbench.openFile("taxonomy.ttl");
      const note = chooseNote(workbench.workspace);
      await workbench.openFile(note.name);
      await page.locator('.statusbar-item[id="status.languageStatus"]').first().hover();
      await page
        .getByText(/No model yet: train on \d+ tagged documents/)
        .first()
        .waitFor({ timeout: 20_000 });
      await workbench.shot("no-model");
    },
  ],
  [
    "training from the palette shows progress and says when the model is ready",
    async ({ workbench }) => {
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("With meaning…").waitFor();
      await workbench.shot("kind");
      await workbench.quickInput.getByText("Fast, words only").click();
      await workbench.notification(/The model is ready: it learned \d+ tags/).waitFor({ timeout: 60_000 });
      await workbench.shot("trained");
      await workbench.clearNotifications();
    },
  ],
  [
    "ghost text appears where the caret is put into the list; Tab takes it, and it is on disk",
    async ({ workbench, page }) => {
      const note = chooseNote(workbench.workspace);
      await workbench.openFile(note.name);
      await workbench.focusEditor();
      await workbench.goto(note.line, note.text.length + 1);
      await page.keyboard.press("Shift+Home");
      await workbench.type("tags: []");
      await page.keyboard.press("ArrowLeft");
      await workbench.ghost.first().waitFor({ timeout: 20_000 });
      await workbench.shot("ghost");
      await page.keyboard.press("Tab");
      await workbench.save();
      const file = path.join(workbench.workspace, note.name);
      const text = await waitForFile(file, (it) => /^tags: \[[^\]]+\]$/m.test(it) && !it.includes(note.text));
      assert.match(text, /^tags: \[[^\]]+\]$/m);
      for (
        let i = 0;
        i < 12 && readFileSync(file, "utf8").includes("\n") && !readFileSync(file, "utf8").includes(note.text);
        i++
      ) {
        await page.keyboard.press("Control+z");
        await workbench.save();
      }
    },
  ],
  [
    "completion shows suggestions with their confidence in words",
    async ({ workbench, page }) => {
      const note = chooseNote(workbench.workspace);
      await workbench.goto(note.line, note.text.length);
      await workbench.type(", ");
      await page.keyboard.press("Control+Space");
      await workbench.suggestions.first().waitFor();
      await workbench.shot("completion");
      await page.keyboard.press("Escape");
      await workbench.runCommand("File: Revert File");
    },
  ],
  [
    "the picker for one document adds what is chosen, even where there was no tag list",
    async ({ workbench, page }) => {
      const name = "inbox/note-to-self-july.md";
      await workbench.openFile(name);
      await workbench.focusEditor();
      await workbench.runCommand("Tags: Suggest for This Document");
      await workbench.quickInput.getByText("Suggested Tags").waitFor();
      await workbench.quickInput
        .locator(".monaco-list-row")
        .filter({ hasText: /likely/ })
        .first()
        .waitFor();
      await workbench.shot("picker");
      await page.keyboard.press("Enter");
      await page.locator(".tab.active.dirty").waitFor();
      await workbench.save();
      await waitForFile(path.join(workbench.workspace, name), (it) => /^tags:/m.test(it.split("---")[1] ?? ""));
      await page.keyboard.press("Control+z");
      await workbench.save();
    },
  ],
  [
    "the workspace is suggested for, reviewed, applied and reverted byte for byte",
    async ({ workbench, page }) => {
      const before = snapshot(workbench.workspace);
      await workbench.runCommand("Tags: Suggest for Workspace");
      await workbench.rows.first().waitFor({ timeout: 30_000 });
      await workbench.shot("review");
      await workbench.rows.first().click();
      await workbench.shot("changes");
      await workbench.notification(/Suggesting tags for/).waitFor({ state: "detached", timeout: 30_000 });
      const numChecked = async () => {
        const message = page.getByText(/suggestions? in \d+ documents?, \d+ checked/).first();
        return Number(/(\d+) checked/.exec(await message.textContent())[1]);
      };
      const first = await numChecked();
      const possible = workbench.rows.filter({ hasText: /likely|possible/ });
      const unchecked = possible.filter({ has: page.locator('[role="checkbox"][aria-checked="false"]') }).first();
      const row = workbench.rows.and(page.locator(`[data-index="${await unchecked.getAttribute("data-index")}"]`));
      await row.getByRole("checkbox").click();
      assert.equal(await eventually(numChecked, first + 1), first + 1, "a click checks one suggestion");
      // A click on a check box does not always take the focus to its row, and a key is lost while the row is drawn anew.
      for (let tries = 0; tries < 3 && (await numChecked()) !== first; tries++) {
        await row.click();
        await row.and(page.locator(".focused")).waitFor();
        await page.keyboard.press("Space");
        await eventually(numChecked, first);
      }
      assert.equal(await numChecked(), first, "the space bar takes it back");
      await workbench.runCommand("Tags: Check All Suggestions");
      await workbench.runCommand("Tags: Apply Checked Suggestions");
      await workbench.notification(/Added \d+ tags to \d+ documents/).waitFor({ timeout: 30_000 });
      await workbench.shot("applied");
      const changed = [...snapshot(workbench.workspace)].filter(([name, text]) => before.get(name) !== text);
      assert.ok(changed.length > 0, "some files changed");
      await workbench.clearNotifications();
      await workbench.runCommand("Tags: Revert Last Batch");
      await workbench.notification(/Reverted \d+ documents/).waitFor({ timeout: 30_000 });
      for (const [name, text] of snapshot(workbench.workspace)) assert.equal(text, before.get(name), name);
      await workbench.clearNotifications();
    },
  ],
  [
    "the page asks no host but its server (the gallery of VS Code itself aside)",
    async ({ outside }) => {
      assert.deepEqual(
        outside.filter((it) => !it.startsWith("https://open-vsx.org/")),
        [],
      );
    },
  ],
];

/** What `ask` answers once it is `wanted`, or after a while. */
async function eventually(ask, wanted) {
  for (const until = Date.now() + 5_000; ; await delay(50)) {
    const answer = await ask();
    if (answer === wanted || Date.now() > until) return answer;
  }
}

function snapshot(workspace) {
  const names = readdirSync(workspace, { recursive: true })
    .map(String)
    .filter((it) => it.endsWith(".md"));
  return new Map(names.sort().map((it) => [it, readFileSync(path.join(workspace, it), "latin1")]));
}
