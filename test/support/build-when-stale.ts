// Before the first test: builds dist/ where it is missing or older than a source, because some tests run what is built.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");
const bundles = ["extension", "server", "server-worker", "tagwright", "trainer-worker"];
const sources = ["trainer", "language-server", "extension"];

export function setup(): void {
  const built = Math.min(...bundles.map((it) => modifiedAt(path.join(root, "dist", `${it}.cjs`))));
  if (built > Math.max(...sources.map((it) => newestSource(path.join(root, it))))) return;
  execFileSync(process.execPath, [path.join(root, "esbuild.mjs")], { cwd: root, stdio: "ignore" });
}

/** 0 where there is no file. */
function modifiedAt(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestSource(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry;
    const file = path.join(folder, name);
    if (entry.isDirectory() && name !== "node_modules" && name !== "generated") {
      newest = Math.max(newest, newestSource(file));
    } else if (name.endsWith(".ts") && !name.endsWith(".test.ts")) {
      newest = Math.max(newest, modifiedAt(file));
    }
  }
  return newest;
}
