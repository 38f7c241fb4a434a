// onnxruntime-node for one platform, as it goes beside the bundles: they find it by the name of the package.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/**
 * Copies what runs of onnxruntime-node into `<folder>/node_modules`, in place of what was there.
 * @param {string} folder where the bundles are
 * @param {string} os `process.platform` of the target
 * @param {string} arch `process.arch` of the target
 */
export function copyOnnxruntime(folder, os, arch) {
  const { resolve } = createRequire(import.meta.url);
  const node = path.dirname(resolve("onnxruntime-node/package.json"));
  const common = path.join(path.dirname(resolve("onnxruntime-common")), "../..");
  const target = path.join(folder, "node_modules");
  rmSync(target, { recursive: true, force: true });
  const copy = (from, name, ...parts) => {
    const isWanted = (file) => !/\.(?:map|d\.ts)$/.test(file);
    cpSync(path.join(from, ...parts), path.join(target, name, ...parts), { recursive: true, filter: isWanted });
  };
  const [abi] = readdirSync(path.join(node, "bin"));
  if (!existsSync(path.join(node, "bin", abi, os, arch))) {
    throw new Error(`onnxruntime-node has no build for ${os}-${arch}; run "npm ci --ignore-scripts" again`);
  }
  for (const part of ["package.json", "README.md", "dist"]) copy(node, "onnxruntime-node", part);
  copy(node, "onnxruntime-node", "bin", abi, os, arch);
  for (const part of ["package.json", "README.md", path.join("dist", "cjs")]) copy(common, "onnxruntime-common", part);
}
