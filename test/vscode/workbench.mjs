// The workbench as a user meets it: palette, editor, tree, notifications. Every wait is for something visible.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const patience = 15_000;

export class Workbench {
  constructor(page) {
    this.page = page;
  }

  async open(url) {
    await this.page.goto(url, { waitUntil: "domcontentloaded" });
    await this.page.waitForSelector(".monaco-workbench .part.statusbar", { timeout: 60_000 });
    await this.page.waitForFunction(
      () => performance.getEntriesByName("code/didStartWorkbench").length > 0,
      undefined,
      {
        timeout: 60_000,
      },
    );
  }

  get quickInput() {
    return this.page.locator('.quick-input-widget:not([style*="display: none"])');
  }

  /** The first key after a change of focus is sometimes lost, so this tries three times. */
  async #quick(key, text, row) {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.page.keyboard.press(key);
        const input = this.quickInput.locator("input.input");
        await input.waitFor({ timeout: 3000 });
        await input.fill(text);
        await this.quickInput.locator(".monaco-list-row").filter({ hasText: row }).first().click({ timeout: 5000 });
        return;
      } catch (error) {
        if (attempt === 3) throw error;
        await this.page.keyboard.press("Escape");
        await this.page.keyboard.press("Escape");
      }
    }
  }

  /** `title` as the palette shows it: "Category: Title". */
  async runCommand(title) {
    await this.#quick("F1", `>${title}`, title);
  }

  /** `theme` as the list of themes shows it. */
  async useTheme(theme) {
    await this.runCommand("Preferences: Color Theme");
    await this.quickInput.locator("input.input").fill(theme);
    const row = this.quickInput.locator(".monaco-list-row");
    await row.getByText(theme, { exact: true }).first().click();
  }

  async openFile(name) {
    await this.#quick("Control+p", name, name.slice(name.lastIndexOf("/") + 1));
    await this.page
      .locator(`.tab.active[aria-label^="${name.slice(name.lastIndexOf("/") + 1)}"]`)
      .first()
      .waitFor({ timeout: patience });
    await this.editor.waitFor({ timeout: patience });
  }

  get editor() {
    return this.page.locator(".editor-group-container.active .editor-instance .monaco-editor").first();
  }

  async focusEditor() {
    await this.runCommand("View: Focus Active Editor Group");
    await this.editor.and(this.page.locator(".focused")).waitFor({ timeout: patience });
  }

  /** Puts the caret there, counted from 1, and checks it against the status bar. */
  async goto(line, column) {
    await this.page.keyboard.press("Control+g");
    const input = this.quickInput.locator("input.input");
    await input.waitFor({ timeout: 5000 });
    await input.fill(`:${line}:${column}`);
    await this.page.keyboard.press("Enter");
    const position = this.page.locator('.statusbar-item[id="status.editor.selection"]');
    await position.filter({ hasText: `Ln ${line}, Col ${column}` }).waitFor({ timeout: patience });
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: 20 });
  }

  async save() {
    await this.page.keyboard.press("Control+s");
    await this.page.locator(".tab.active:not(.dirty)").first().waitFor({ timeout: patience });
  }

  get ghost() {
    return this.editor.locator(".ghost-text-decoration, .ghost-text-decoration-preview, .ghost-text");
  }

  get suggestions() {
    return this.page.locator(".editor-widget.suggest-widget.visible .monaco-list-row");
  }

  notification(text) {
    const all = this.page.locator(".notifications-toasts .notification-toast .notification-list-item");
    return all.filter({ hasText: text }).first();
  }

  async clearNotifications() {
    await this.runCommand("Notifications: Clear All Notifications");
    await this.page
      .locator(".notifications-toasts .notification-toast")
      .first()
      .waitFor({ state: "detached", timeout: patience });
  }

  /** Rows of the tree in the side bar. */
  get rows() {
    return this.page.locator('.part.sidebar .pane-body .monaco-list-row[role="treeitem"]');
  }

  async screenshot(file) {
    await this.page.screenshot({ path: file, animations: "disabled" });
  }
}

/** The inner document of the only webview that is shown. */
export function pageOf(page) {
  return page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
}

/** Saving is asynchronous on the server: looks until the file is as wanted. */
export async function waitForFile(file, isWanted, timeout = patience) {
  for (const until = Date.now() + timeout; ; await delay(50)) {
    let text;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      text = undefined;
    }
    if (text !== undefined && isWanted(text)) return text;
    if (Date.now() > until) throw new Error(`${file} never became as wanted; it holds:\n${text}`);
  }
}
