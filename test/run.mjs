// `npm test`: sets up everything a fresh clone lacks, then runs every test. Plain Node, needs nothing installed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getDefaultEncoder } from "../trainer/demo/default-encoder.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const windows = process.platform === "win32";

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: windows, ...options });
  if (status !== 0) process.exit(status ?? 1);
}

const stamp = path.join(root, "node_modules/.package-lock.json");
const lock = path.join(root, "package-lock.json");
if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) {
  run("npm", ["ci", "--ignore-scripts", "--loglevel=error"]);
}
for (const script of ["build", "types", "lint", "dead"]) run("npm", ["run", "--silent", script]);
if (getDefaultEncoder(root) === undefined) {
  process.stdout.write(
    "The default encoder is not here and cannot be fetched: tests that need it are skipped and say so.\n",
  );
}
if (existsSync(path.join(root, "test/vscode/run.mjs"))) run(process.execPath, ["test/vscode/run.mjs"]);
run(process.execPath, ["test/gpu/set-up.mjs"]);
run("npm", ["run", "--silent", "unit"]);
