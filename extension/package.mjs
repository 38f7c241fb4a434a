// `npm run package`: builds everything and packs the extension for linux-x64 into dist/tagwright-linux-x64.vsix, with the
// onnxruntime of that platform beside the bundles.
// `--dev` packs what dist/ holds, for tests that have just built.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { copyOnnxruntime } from "./native.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const target = "linux-x64";
const vsix = path.join(root, "dist", `tagwright-${target}.vsix`);
const needed = ["extension.cjs", "server.cjs", "server-worker.cjs", "tagwright.cjs", "trainer-worker.cjs"];

function node(script, ...args) {
  const { status } = spawnSync(process.execPath, [path.join(root, script), ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!process.argv.includes("--dev")) node("esbuild.mjs");
const missing = needed.filter((it) => !existsSync(path.join(root, "dist", it)));
if (missing.length > 0) {
  console.error(`dist/ lacks ${missing.join(", ")}; run "npm run build" first`);
  process.exit(1);
}
// The root is a set of npm workspaces, which vsce cannot follow; everything is bundled, so it need not look.
const flags = ["--no-dependencies", "--no-rewrite-relative-links", "--allow-missing-repository", "--target", target];
const [os, arch] = target.split("-");
copyOnnxruntime(path.join(root, "dist"), os, arch);
try {
  node("node_modules/@vscode/vsce/vsce", "package", ...flags, "--out", vsix);
} finally {
  // The checkout has all platforms: what it builds must not find this one alone.
  rmSync(path.join(root, "dist", "node_modules"), { recursive: true, force: true });
}
console.log(`${path.relative(root, vsix)}: ${(statSync(vsix).size / 2 ** 20).toFixed(2)} MiB`);
