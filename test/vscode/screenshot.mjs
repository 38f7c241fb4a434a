// The README's picture, `node test/vscode/screenshot.mjs` after a build: the sample workspace in a real VS Code, a model
// trained on it, the review of its suggestions, and a note with suggested tags as ghost text.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser, openPage, startVsCode } from "./harness.mjs";
import { packExtension } from "./pack.mjs";
import { setUp } from "./setup.mjs";
import { Workbench } from "./workbench.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const picture = path.join(root, "media/screenshot.png");
/** The caret goes into its empty list. */
const note = { name: "inbox/a-crack-in-the-cylinder.md", line: 4, column: 8 };

const tools = setUp();
const vsix = packExtension();
const scratch = mkdtempSync(path.join(os.tmpdir(), "tagwright-screenshot-"));
const workspace = path.join(scratch, "island-notes");
cpSync(path.join(root, "media/sample-workspace"), workspace, {
  recursive: true,
  filter: (it) => !it.includes(".tags"),
});
const browser = await launchBrowser(tools);
const server = await startVsCode({ tools, outDir: path.join(root, ".out/vscode/screenshot"), vsix });
try {
  const { page } = await openPage(browser, server, { width: 1200, height: 720 });
  const workbench = new Workbench(page);
  await workbench.open(server.url(workspace));
  await workbench.openFile(note.name);
  await workbench.useTheme("Dark Modern");
  await workbench.runCommand("Tags: Train Model");
  await workbench.quickInput.getByText("Fast, words only").click();
  await workbench.notification(/The model is ready/).waitFor({ timeout: 60_000 });
  await workbench.runCommand("Tags: Suggest for Workspace");
  await workbench.rows.first().waitFor({ timeout: 30_000 });
  await workbench.clearNotifications();
  await workbench.focusEditor();
  await workbench.goto(note.line, note.column);
  await workbench.ghost.first().waitFor({ timeout: 20_000 });
  await page.mouse.move(800, 600);
  await workbench.screenshot(picture);
  process.stdout.write(`Wrote ${path.relative(root, picture)}\n`);
} finally {
  await server.stop();
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
