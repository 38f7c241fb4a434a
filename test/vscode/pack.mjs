// The extension as a user installs it, packed from what was built last.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** @returns the .vsix. @throws Error with what the script said where it cannot be made. */
export function packExtension() {
  const script = path.join(root, "extension/package.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--dev"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the extension cannot be packed:\n${stdout}${stderr}`);
  return path.join(root, "dist/tagwright-linux-x64.vsix");
}
