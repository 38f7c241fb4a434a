// The tests in a real VS Code: `node test/vscode/run.mjs`, after a build. Four layers on the packed .vsix: inside the
// extension host by the `vscode` API, on the workbench by keyboard and mouse, and there the plot of a made-up training and
// a real fine-tuning. What the machine cannot give is skipped with the reason; a test that fails leaves a picture in
// .out/vscode and a non-zero code. `--shots` keeps a picture of every step; `--only=host`, `ui`, `plot` or `tune` runs one.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser, openPage, startVsCode } from "./harness.mjs";
import { reachedOutside } from "./network.mjs";
import { packExtension } from "./pack.mjs";
import { plotTests } from "./plot-tests.mjs";
import { CannotSetUp, setUp } from "./setup.mjs";
import { tuningTests } from "./tuning-tests.mjs";
import { uiTests } from "./ui-tests.mjs";
import { Workbench } from "./workbench.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const out = path.join(root, ".out/vscode");
const flags = new Set(process.argv.slice(2));
const scratch = mkdtempSync(path.join(os.tmpdir(), "tagwright-vscode-"));
const failures = [];
/** The layer in the extension host takes a minute and a half on a quiet machine. */
const IN_HOST_MS = 360_000;

function report(layer, name, error, ms) {
  console.log(`  ${error === undefined ? "ok  " : "FAIL"} ${layer}: ${name} (${(ms / 1000).toFixed(1)} s)`);
  if (error === undefined) return;
  failures.push(name);
  console.log(error.replace(/^/gm, "       "));
}

/** A layer that fails gets a second run in a fresh VS Code, and says so: a browser under load loses a key or a reply. */
async function onceMore(layer) {
  const before = failures.length;
  await layer();
  if (failures.length === before) return;
  console.log("  a second run, in a fresh VS Code:");
  failures.splice(before);
  rmSync(scratch, { recursive: true, force: true });
  await layer();
}

/** A fresh copy of the sample workspace, without a model, outside of any repository: what Git ignores is not tagged. */
function sampleWorkspace(name) {
  const folder = path.join(scratch, name, "notes");
  cpSync(path.join(root, "media/sample-workspace"), folder, { recursive: true, filter: (it) => !it.includes(".tags") });
  return folder;
}

async function inHost(tools, vsix, browser) {
  const results = path.join(out, "in-host-results.json");
  rmSync(results, { force: true });
  const outDir = path.join(out, "in-host");
  const env = { TAGWRIGHT_RESULTS: results };
  const trace = path.join(out, "network.strace");
  rmSync(trace, { force: true });
  const server = await startVsCode({ tools, outDir, vsix, env, smokeTestDriver: true, trace });
  try {
    const { page } = await openPage(browser, server);
    const ended = new Promise((resolve) => void page.exposeFunction("codeAutomationExit", resolve));
    await page.exposeFunction("codeAutomationLog", () => undefined);
    const installed = readdirSync(server.extensions).find((it) => it.startsWith("tagwright.tagwright-"));
    const payload = [
      ["extensionDevelopmentPath", server.remote(path.join(server.extensions, installed))],
      ["extensionTestsPath", server.remote(path.join(here, "in-host/runner.cjs"))],
    ];
    await page.goto(server.url(sampleWorkspace("in-host"), payload), { waitUntil: "domcontentloaded" });
    const late = new Promise((resolve) => setTimeout(resolve, IN_HOST_MS, "late").unref());
    await Promise.race([ended, late]);
    const found = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")) : { expected: 1, results: [] };
    for (const { name, error, ms } of found.results) report("in the extension host", name, error, ms);
    if (found.results.length < found.expected && found.results.every((it) => it.error === undefined)) {
      const reason = `${found.results.length} of ${found.expected} tests ran; see ${outDir}`;
      report("in the extension host", "all tests run to their end", reason, 0);
    }
    reportNetwork(trace);
  } finally {
    await server.stop();
  }
}

/** The last in-host test looks a name up on purpose: a trace without it has seen nothing. */
function reportNetwork(trace) {
  const name = "nothing but the gallery of VS Code itself is reached for, by any process";
  const found = reachedOutside(trace);
  if (found === undefined) {
    console.log(`  skip in the extension host: ${name} (strace is not installed)`);
    return;
  }
  const control = "control.invalid";
  const wrong = found.filter((it) => it !== control && !/(^|\.)open-vsx\.org$/.test(it));
  const blind = found.includes(control)
    ? undefined
    : `the look-up of ${control} was not seen, so the trace proves nothing`;
  report("in the extension host", name, wrong.length > 0 ? `reached for: ${wrong.join(", ")}` : blind, 0);
}

/** What the extension runs to train is replaced after the installation by a program that says made-up lines. */
function replaceTrainer(server) {
  const installed = readdirSync(server.extensions).find((it) => it.startsWith("tagwright.tagwright-"));
  cpSync(path.join(here, "replay-trainer.cjs"), path.join(server.extensions, installed, "dist/tagwright.cjs"));
}

async function onWorkbench(name, tests, tools, vsix, browser, { prepare = () => undefined, own } = {}) {
  const outDir = path.join(out, name);
  const shots = path.join(out, "shots");
  mkdirSync(shots, { recursive: true });
  const settings = { "tagwright.review.minProbability": 0.2 };
  const env = { TAGWRIGHT_REPLAY: path.join(here, "training.jsonl"), TAGWRIGHT_HOME: path.join(outDir, "cache") };
  const server = await startVsCode({ tools, outDir, vsix, settings, env });
  try {
    prepare(server);
    const { page, outside } = await openPage(browser, server);
    const workbench = new Workbench(page);
    workbench.workspace = sampleWorkspace(name);
    if (own !== undefined) {
      mkdirSync(path.join(workbench.workspace, ".vscode"));
      writeFileSync(path.join(workbench.workspace, ".vscode/settings.json"), JSON.stringify(own));
    }
    workbench.shot = async (name) => {
      if (!flags.has("--shots")) return;
      // Away from what has a tooltip.
      await page.mouse.move(700, 795);
      await workbench.screenshot(path.join(shots, `${name}.png`));
    };
    await workbench.open(server.url(workbench.workspace));
    for (const [name, test] of tests) {
      const start = Date.now();
      let error;
      try {
        await test({ workbench, page, outside, server });
      } catch (failure) {
        const picture = path.join(shots, `FAIL-${name.replace(/[^a-z0-9]+/gi, "-").slice(0, 50)}.png`);
        await workbench.screenshot(picture).catch(() => undefined);
        error = `${failure.stack ?? failure}\nsee ${picture} and ${path.join(outDir, "user/logs")}`;
      }
      report("on the workbench", name, error, Date.now() - start);
      // They build on each other: what follows a failure would only wait for what does not come.
      if (error !== undefined) break;
    }
  } finally {
    await server.stop();
  }
}

let tools;
try {
  tools = setUp();
} catch (error) {
  if (!(error instanceof CannotSetUp)) throw error;
  console.log(`Tests in a real VS Code: skipped, ${error.message}`);
  process.exit(0);
}
console.log("Tests in a real VS Code:");
mkdirSync(out, { recursive: true });
const vsix = packExtension();
const browser = await launchBrowser(tools);
try {
  const only = [...flags].find((it) => it.startsWith("--only="))?.slice("--only=".length);
  const runs = (layer) => only === undefined || only === layer;
  if (runs("host")) await onceMore(() => inHost(tools, vsix, browser));
  if (runs("ui")) await onceMore(() => onWorkbench("ui", uiTests, tools, vsix, browser));
  if (runs("plot")) {
    await onceMore(() => onWorkbench("plot", plotTests, tools, vsix, browser, { prepare: replaceTrainer }));
  }
  if (runs("tune")) {
    // In a remote window, what the user has set for a machine does not hold; what the folder has set does.
    const own = { "tagwright.training.encoder": path.join(root, "test/fixtures/encoders/tiny-bert") };
    await onceMore(() => onWorkbench("tune", tuningTests, tools, vsix, browser, { own }));
  }
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
if (failures.length > 0) console.log(`Tests in a real VS Code: these failed: ${failures.join("; ")}`);
process.exit(failures.length > 0 ? 1 : 0);
