// Builds everything into dist/: kernels to WebAssembly, then one CommonJS bundle a process, each under a size budget.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(root, ...parts);

// name: [entry, budget in KiB]
const bundles = {
  extension: ["extension/src/main.ts", 1024],
  server: ["language-server/src/main.ts", 2048],
  "server-worker": ["language-server/src/worker.ts", 1024],
  tagwright: ["trainer/src/cli/main.ts", 3072],
  "trainer-worker": ["trainer/src/worker.ts", 512],
};

// The directive comes first, or the bundle's own would not count.
const startBanner = '"use strict";const bundleStart=performance.now();';

/** Compiles the AssemblyScript kernels; the bytes become a TypeScript module, so a bundle needs no file beside it. */
function buildKernels() {
  const folder = at("trainer/model/src/kernels");
  const generated = path.join(folder, "generated");
  mkdirSync(generated, { recursive: true });
  const wasm = path.join(generated, "kernels.wasm");
  const asc = at("node_modules/assemblyscript/bin/asc.js");
  const entry = path.join(folder, "assembly", "index.ts");
  const flags = [
    "-O3",
    "--noAssert",
    "--enable",
    "simd",
    "--runtime",
    "stub",
    "--importMemory",
    "--maximumMemory",
    "65536",
  ];
  execFileSync(process.execPath, [asc, entry, "-o", wasm, ...flags], { stdio: "inherit", cwd: root });
  const bytes = readFileSync(wasm);
  writeFileSync(
    path.join(generated, "kernels.ts"),
    `/** The compiled kernels, ${bytes.length} bytes, base64. */\nexport const kernelsBase64 =\n  "${bytes.toString("base64")}";\n`,
  );
  rmSync(wasm);
}

async function bundle(name, [entry, budget]) {
  const outfile = at("dist", `${name}.cjs`);
  const { metafile } = await build({
    entryPoints: [at(entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap: true,
    // Read at every start of the editor: half the bytes, names kept for stack traces.
    minifySyntax: name === "extension",
    minifyWhitespace: name === "extension",
    ...(name === "extension" && { banner: { js: startBanner } }),
    metafile: true,
    external: ["vscode", "onnxruntime-node", "@tensorflow/*"],
    logLevel: "warning",
  });
  const kib = Object.entries(metafile.outputs).find(([it]) => it.endsWith(".cjs"))[1].bytes / 1024;
  process.stdout.write(`dist/${name}.cjs ${kib.toFixed(0)} KiB\n`);
  if (kib > budget) throw new Error(`dist/${name}.cjs: ${kib.toFixed(0)} KiB is over its budget of ${budget} KiB`);
}

buildKernels();
const present = Object.entries(bundles).filter(([, [entry]]) => existsSync(at(entry)));
await Promise.all(present.map(([name, spec]) => bundle(name, spec)));
