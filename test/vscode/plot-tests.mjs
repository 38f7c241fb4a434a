// The plot of a training, on the workbench: made-up lines of the real form, a real webview, four themes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pageOf } from "./workbench.mjs";

const themes = [
  ["dark", "Dark Modern"],
  ["light", "Light Modern"],
  ["high-contrast", "Dark High Contrast"],
  ["high-contrast-light", "Light High Contrast"],
];

export const plotTests = [
  [
    "a fine-tuning opens its plot, which fills while it runs",
    async ({ workbench, page }) => {
      await workbench.runCommand("Tags: Train Model");
      await workbench.quickInput.getByText("With meaning…").click();
      await workbench.quickInput.getByText("Start Training").click();
      const view = pageOf(page);
      await view.getByRole("heading", { name: /^Training the tag model of/ }).waitFor({ timeout: 30_000 });
      await view.getByRole("img", { name: /^Loss over 720 steps: from [\d.]+ to [\d.]+ at level 3\.$/ }).waitFor();
      await view
        .getByRole("img", { name: /level 1: from 18\.2 % to 61\.0 %, level 2: .* 52\.0 %, level 3: .* 47\.0 %/ })
        .waitFor();
      await view
        .getByText(/Level 3 of 3, step 360 of 360, loss/)
        .first()
        .waitFor();
      await view.getByText("onnxruntime CPU, 2 threads: no GPU was found").waitFor();
      const args = JSON.parse(readFileSync(path.join(workbench.workspace, ".tags/arguments.json"), "utf8"));
      const from = args.indexOf("--encoder");
      const flags = ["--encoder", "all-MiniLM-L6-v2", "--engine", "auto", "--download"];
      assert.deepEqual(args.slice(from, from + 5), flags);
    },
  ],
  [
    "a second training of the same folder is refused",
    async ({ workbench }) => {
      await workbench.runCommand("Tags: Train Model");
      await workbench.notification(/A training of notes is running already/).waitFor();
    },
  ],
  [
    "the figures are a table too, opened by the keyboard",
    async ({ page }) => {
      const view = pageOf(page);
      await view.locator("summary").focus();
      await page.keyboard.press("Enter");
      await view.getByRole("rowheader", { name: "2 of 3" }).waitFor();
      assert.equal(await view.locator("tbody tr").count(), 3);
      assert.equal(await view.locator("tbody tr").nth(1).locator("td").last().textContent(), "52.0 %");
      await page.keyboard.press("Enter");
    },
  ],
  [
    "every theme colours the lines and words by itself",
    async ({ workbench, page }) => {
      const view = pageOf(page);
      const seen = new Set();
      // The one with the progress stays until the training ends, and covers half of the plot.
      await workbench.runCommand("Notifications: Toggle Do Not Disturb Mode");
      for (const [name, theme] of themes) {
        await workbench.useTheme(theme);
        await view.locator(`body[data-vscode-theme-name="${theme}"]`).waitFor();
        const now = await view.locator("body").evaluate((body) => {
          const style = (selector, property) => getComputedStyle(body.querySelector(selector))[property];
          const background = getComputedStyle(body.ownerDocument.documentElement).getPropertyValue(
            "--vscode-panel-background",
          );
          return [style(".line.loss", "stroke"), style("svg .title", "fill"), background].join(" | ");
        });
        assert.ok(!seen.has(now), `${theme}: ${now} is what another theme has`);
        seen.add(now);
        await workbench.shot(`plot-${name}`);
      }
    },
  ],
  [
    "a training is stopped from its page, offered to be resumed, and resumed",
    async ({ workbench, page }) => {
      const view = pageOf(page);
      await view.getByRole("button", { name: "Cancel" }).click();
      await view.getByRole("heading", { name: /was stopped$/ }).waitFor();
      await view.getByRole("button", { name: "Resume" }).waitFor();
      await workbench.runCommand("Tags: Train Model");
      const rows = workbench.quickInput.locator(".monaco-list-row");
      await rows
        .filter({ hasText: /Resume the training that was stopped/ })
        .filter({ hasText: /level 3, step 300/ })
        .waitFor();
      await workbench.shot("plot-resume");
      await page.keyboard.press("Enter");
      await view.getByRole("heading", { name: /is trained$/ }).waitFor();
      const args = JSON.parse(readFileSync(path.join(workbench.workspace, ".tags/arguments.json"), "utf8"));
      assert.ok(args.includes("--resume"), args.join(" "));
      // The curve of the run that was stopped goes on.
      await view.getByRole("img", { name: /^Loss over 720 steps/ }).waitFor();
    },
  ],
];
