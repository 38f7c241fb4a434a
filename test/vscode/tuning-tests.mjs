// A real fine-tuning on the workbench, of a tiny encoder: watched, stopped in the middle, resumed, and served.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pageOf } from "./workbench.mjs";

const note = "kitchen/gooseberry-jam.md";
/** Between the click and the words that it was stopped. The trainer ends within a second; a busy machine adds to that. */
const patienceToStop = 5000;

const modelOf = ({ workspace }) => path.join(workspace, ".tags/model");
const manifestOf = (workbench) => JSON.parse(readFileSync(path.join(modelOf(workbench), "model.json"), "utf8"));

/** As a fine-tuning of another folder would hold it; this process is one that lives. @returns what gives it back. */
function takeMachine({ outDir }) {
  const place = path.join(outDir, "cache", `fine-tuning-${os.hostname().replaceAll(/[^\w.-]/g, "-")}.lock`);
  mkdirSync(path.dirname(place), { recursive: true });
  const owner = {
    pid: process.pid,
    host: os.hostname(),
    since: new Date(),
    token: "test",
    about: "/other/.tags/model",
  };
  writeFileSync(place, JSON.stringify(owner));
  return () => rmSync(place);
}

/** Waits for the first checkpoint: from there on a run that is stopped can go on. */
async function checkpoint(workbench) {
  const folder = `${modelOf(workbench)}.training`;
  const isThere = () => existsSync(folder) && readdirSync(folder).some((it) => /^checkpoint-\d+$/.test(it));
  for (const until = Date.now() + 60_000; !isThere(); await delay(20)) {
    if (Date.now() > until) throw new Error(`no checkpoint came to be in ${folder}`);
  }
}

/** More tags, so that the tree has two levels: the run is stopped in the second, after the checkpoint of the first. */
function addNotes({ workspace }) {
  const folder = path.join(workspace, "more");
  mkdirSync(folder);
  for (let i = 0; i < 240; i++) {
    const topic = `topic ${i % 80}`;
    const text = `---\ntags: ["${topic}"]\n---\n\nWhat was seen of ${topic} on day ${i}, of which more was heard later.\n`;
    writeFileSync(path.join(folder, `${i}.md`), text);
  }
}

async function showGhostText(workbench, page) {
  await workbench.openFile(note);
  await workbench.focusEditor();
  const lines = readFileSync(path.join(workbench.workspace, note), "utf8").split("\n");
  const at = lines.findIndex((it) => /^tags: \[/.test(it));
  await workbench.goto(at + 1, lines[at].length + 1);
  await page.keyboard.press("Shift+Home");
  await workbench.type("tags: []");
  await page.keyboard.press("ArrowLeft");
  await workbench.ghost.first().waitFor({ timeout: 20_000 });
}

async function status(workbench, page, text) {
  await page.locator('.statusbar-item[id="status.languageStatus"]').first().hover();
  await page.getByText(text).first().waitFor({ timeout: 20_000 });
  await workbench.focusEditor();
}

export const tuningTests = [
  [
    "a model of words alone is there first, and its status names no encoder",
    async ({ workbench, page }) => {
      addNotes(workbench);
      await workbench.openFile(note);
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("Fast, words only").click();
      await workbench.notification(/The model is ready/).waitFor({ timeout: 60_000 });
      await workbench.clearNotifications();
      assert.equal(manifestOf(workbench).encoder, "none");
      await status(workbench, page, /learned from \d+ documents, today$/);
    },
  ],
  [
    "a fine-tuning that may not take enough memory says which setting would help, and opens it",
    async ({ workbench, page }) => {
      const settings = path.join(workbench.workspace, ".vscode/settings.json");
      const before = readFileSync(settings, "utf8");
      writeFileSync(settings, JSON.stringify({ ...JSON.parse(before), "tagwright.training.memoryLimit": 260 }));
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("With meaning…").click();
      await workbench.quickInput
        .locator(".monaco-list-row")
        .filter({ hasText: /Start Training/ })
        .waitFor();
      await page.keyboard.press("Enter");
      const refused = workbench.notification(
        /at most 260 MiB of memory expected, .* raise tagwright\.training\.memoryLimit/,
      );
      await refused.waitFor({ timeout: 60_000 });
      await workbench.shot("tune-memory");
      await refused.getByText("Open Settings").click();
      await page.getByText(/^Memory that a training run may take, in MiB/).waitFor({ timeout: 30_000 });
      await workbench.shot("tune-memory-setting");
      await workbench.clearNotifications();
      writeFileSync(settings, before);
    },
  ],
  [
    "meaning is one more Enter; encoder and engine can be chosen there, and stay where the machine is taken",
    async ({ workbench, page, server }) => {
      const giveBack = takeMachine(server);
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("With meaning…").click();
      const row = (text) => workbench.quickInput.locator(".monaco-list-row").filter({ hasText: text });
      await row(/Start Training/)
        .filter({ hasText: /nothing to download/ })
        .waitFor();
      await workbench.shot("tune-start");
      await row(/Encoder: tiny-bert/).click();
      await row(/all-MiniLM-L6-v2/)
        .filter({ hasText: /downloads about 90 MB once/ })
        .waitFor();
      await workbench.shot("tune-encoders");
      await row(/from the settings/).click();
      await row(/Engine: Automatic/).click();
      await row(/^CPU/)
        .filter({ hasText: /onnxruntime on CPU/ })
        .waitFor();
      await workbench.shot("tune-engines");
      await row(/^CPU/).click();
      await row(/Engine: CPU/).waitFor();
      await row(/Encoder: tiny-bert/).waitFor();
      await row(/Fine-Tuning: On/).click();
      await row(/Fine-Tuning: Off/)
        .filter({ hasText: /stays as it was published/ })
        .waitFor();
      await workbench.shot("tune-frozen");
      await row(/Fine-Tuning: Off/).click();
      await row(/Fine-Tuning: On/).waitFor();
      await row(/Start Training/).waitFor();
      await page.keyboard.press("Enter");
      const refused = workbench.notification(/No new model: one training with an encoder at a time on this machine/);
      await refused.waitFor({ timeout: 30_000 });
      await workbench.shot("tune-busy");
      giveBack();
      await refused.getByText("Try Again").click();
      await pageOf(page)
        .getByRole("heading", { name: /^Training the tag model of/ })
        .waitFor({ timeout: 30_000 });
    },
  ],
  [
    "a fine-tuning draws its own losses, is stopped at once, and leaves the old model in use",
    async ({ workbench, page }) => {
      const view = pageOf(page);
      await checkpoint(workbench);
      const start = Date.now();
      await view.getByRole("button", { name: "Cancel" }).click();
      await view.getByRole("heading", { name: /was stopped$/ }).waitFor();
      const took = Date.now() - start;
      assert.ok(took < patienceToStop, `${took} ms from the click to the end`);
      await view.getByRole("img", { name: /^Loss over \d+ steps: from [\d.]+ to [\d.]+ at level \d\.$/ }).waitFor();
      await view.getByRole("img", { name: /documents: level 1: from [\d.]+ % to [\d.]+ %/ }).waitFor();
      await view.getByText(/^CPU, onnxruntime [\d.]+, \d+ threads: asked for$/).waitFor();
      await workbench.shot("tune-stopped");
      assert.equal(manifestOf(workbench).encoder, "none");
      await showGhostText(workbench, page);
      await workbench.runCommand("File: Revert File");
    },
  ],
  [
    "the same training goes on from its checkpoint, with the choices that it had, to a model in use",
    async ({ workbench, page }) => {
      const view = pageOf(page);
      await view.getByRole("button", { name: "Resume" }).click();
      await view.getByRole("heading", { name: /is trained$/ }).waitFor({ timeout: 60_000 });
      await workbench.notification(/The model is ready/).waitFor();
      await workbench.shot("tune-done");
      await workbench.clearNotifications();
      assert.equal(manifestOf(workbench).encoder, "tiny-bert");
      assert.equal(existsSync(`${modelOf(workbench)}.training`), false);
      await workbench.openFile(note);
      await status(workbench, page, /learned from \d+ documents, today · with tiny-bert$/);
    },
  ],
  [
    "ghost text and the picker come from the model with the encoder",
    async ({ workbench, page }) => {
      await showGhostText(workbench, page);
      await workbench.shot("tune-ghost");
      await workbench.runCommand("File: Revert File");
      await workbench.runCommand("Tags: Suggest for This Document");
      await workbench.quickInput.getByText("Suggested Tags").waitFor();
      await workbench.quickInput.locator(".monaco-list-row").first().waitFor();
      await page.keyboard.press("Escape");
    },
  ],
  [
    "without fine-tuning the encoder stays as it was published, and the next question remembers it",
    async ({ workbench, page }) => {
      const row = (text) => workbench.quickInput.locator(".monaco-list-row").filter({ hasText: text });
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("With meaning…").click();
      await row(/Fine-Tuning: On/).click();
      await row(/Fine-Tuning: Off/).waitFor();
      await page.keyboard.press("Enter");
      await workbench.notification(/The model is ready/).waitFor({ timeout: 60_000 });
      await workbench.clearNotifications();
      assert.match(readFileSync(path.join(modelOf(workbench), "README.md"), "utf8"), / --freeze /);
      await workbench.runCommand("Tags: Train Model");
      await row(/With meaning/)
        .filter({ hasText: /Reads with tiny-bert/ })
        .waitFor();
      await page.keyboard.press("Escape");
    },
  ],
];
