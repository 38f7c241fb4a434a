// Starts the pinned VS Code server with our .vsix in it and opens its workbench in a headless Chromium. Each start has
// its own profile, home and sockets below `outDir`, and ends with all its processes.
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { traced } from "./network.mjs";

/** Whatever moves by itself, asks a network or covers the editor is off. */
const quietSettings = {
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.reduceMotion": "on",
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.enabled": false,
  "editor.accessibilitySupport": "off",
  "editor.cursorBlinking": "solid",
  "editor.minimap.enabled": false,
  "editor.fontFamily": "DejaVu Sans Mono, monospace",
  "editor.wordBasedSuggestions": "off",
  "editor.inlineSuggest.minShowDelay": 0,
  "files.autoSave": "off",
  "files.simpleDialog.enable": true,
  "window.commandCenter": false,
};

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * @param tools what `setUp` gave.
 * @param trace the file that gets every attempt to reach a network; none where it is not asked for or cannot be.
 * @param smokeTestDriver in-host tests need it; it hides every notification, so tests of the UI go without.
 */
export async function startVsCode({ tools, outDir, vsix, settings = {}, env = {}, smokeTestDriver = false, trace }) {
  rmSync(outDir, { recursive: true, force: true });
  const folder = (name) => {
    const made = path.join(outDir, name);
    mkdirSync(made, { recursive: true });
    return made;
  };
  const user = folder("user");
  const extensions = folder("extensions");
  writeFileSync(path.join(folder("user/User"), "settings.json"), JSON.stringify({ ...quietSettings, ...settings }));
  const main = path.join(tools.vscode, "out/server-main.js");
  const common = ["--server-data-dir", folder("server"), "--extensions-dir", extensions, "--user-data-dir", user];
  common.push("--accept-server-license-terms", "--telemetry-level", "off");
  // Paths of sockets must stay under 108 characters, and nobody removes them.
  const run = mkdtempSync(path.join(os.tmpdir(), "tw-"));
  // What a VS Code terminal exports would attach the new server to the wrong VS Code.
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|VITEST)/.test(key),
  );
  const environment = {
    ...Object.fromEntries(inherited),
    HOME: folder("home"),
    TMPDIR: run,
    XDG_RUNTIME_DIR: run,
    ...env,
  };
  execFileSync(tools.node, [main, ...common, "--install-extension", vsix, "--force"], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
  });
  const port = await freePort();
  const logFile = path.join(outDir, "server.log");
  const log = openSync(logFile, "w");
  const listen = ["--host", "127.0.0.1", "--port", String(port), "--without-connection-token"];
  const driver = smokeTestDriver ? ["--enable-smoke-test-driver"] : [];
  const [file, ...args] = [
    ...(trace === undefined ? [] : traced(trace)),
    tools.node,
    main,
    ...common,
    ...listen,
    ...driver,
  ];
  const child = spawn(file, args, {
    env: environment,
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  const origin = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + 60_000; ; await delay(50)) {
    if (ended || Date.now() > until) throw new Error(`VS Code did not start:\n${readFileSync(logFile, "utf8")}`);
    if (
      await fetch(`${origin}/version`).then(
        (it) => it.ok,
        () => false,
      )
    )
      break;
  }
  return {
    origin,
    extensions,
    user,
    outDir,
    remote: (file) => `vscode-remote://127.0.0.1:${port}${file}`,
    url: (workspace, payload) => {
      const query = new URLSearchParams({ folder: workspace, ...(payload && { payload: JSON.stringify(payload) }) });
      return `${origin}/?${query}`;
    },
    async stop() {
      // The extension host and the language servers are in the same process group.
      const end = (signal) => {
        try {
          process.kill(-child.pid, signal);
        } catch {
          // It has ended by itself.
        }
      };
      end("SIGTERM");
      for (const until = Date.now() + 5000; !ended && Date.now() < until; ) await delay(50);
      end("SIGKILL");
      rmSync(run, { recursive: true, force: true });
    },
  };
}

export async function launchBrowser(tools) {
  const { chromium } = createRequire(tools.require)("playwright-core");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
  return chromium.launch({
    executablePath: tools.chromium,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", ...quiet],
  });
}

/** A page that reaches the server only; `outside` lists what it asked elsewhere. */
export async function openPage(browser, server, viewport = { width: 1280, height: 800 }) {
  const context = await browser.newContext({ viewport, permissions: ["clipboard-read", "clipboard-write"] });
  const outside = [];
  const isOutside = ({ hostname, protocol }) =>
    protocol.startsWith("http") && hostname !== "127.0.0.1" && !hostname.endsWith(".vscode-cdn.net");
  await context.route(isOutside, (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  const log = path.join(server.outDir, "console.log");
  page.on("console", (it) => appendFileSync(log, `[${it.type()}] ${it.text()}\n`));
  page.on("pageerror", (it) => appendFileSync(log, `[pageerror] ${it.stack ?? it}\n`));
  return { page, outside };
}
