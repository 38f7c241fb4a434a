// What a fresh clone lacks for a run: the bundles to be measured, and a virtual environment with the other programs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

/** The versions that RESULTS.md speaks of. PECOS's binaries need NumPy 1 and SciPy's old sparse interface. */
const packages = ["libpecos==1.2.8", "omikuji==0.5.2", "numpy<2", "scipy<1.14"];
const pythons = ["python3.11", "python3.10", "python3", "python"];
/** Asks a Python whether these packages have binaries for it. */
const fits = "import sys; sys.exit(not ((3, 9) <= sys.version_info[:2] <= (3, 11)))";

/** Bundles the code as it is now into `scratch`, so that a change of it during the run changes nothing. */
export async function bundle(root, scratch) {
  mkdirSync(scratch, { recursive: true });
  await build({
    entryPoints: {
      bench: path.join(root, "test/bench/tagwright/main.ts"),
      tagwright: path.join(root, "trainer/src/cli/main.ts"),
      "trainer-worker": path.join(root, "trainer/src/worker.ts"),
    },
    outdir: scratch,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode", "onnxruntime-node"],
    logLevel: "warning",
  });
}

/** A Python that has the other programs, or undefined and why: `{ python, why }`. */
export function findPython(scratch) {
  const given = process.env["TAGWRIGHT_BENCH_PYTHON"];
  if (given !== undefined) return { python: given };
  const folder = path.join(scratch, "venv");
  const python = path.join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  if (existsSync(python) && succeeds(python, ["-c", "import pecos, omikuji"])) return { python };
  const base = pythons.find((it) => succeeds(it, ["-c", fits]));
  if (base === undefined) return { why: "no Python 3.9 to 3.11 was found (TAGWRIGHT_BENCH_PYTHON names one)" };
  process.stdout.write(`Installing ${packages.join(", ")} into a virtual environment\n`);
  const made =
    succeeds(base, ["-m", "venv", folder], "show") &&
    succeeds(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages], "show");
  return made ? { python } : { why: "libpecos and omikuji could not be installed; see above" };
}

/** The versions that are really there. */
export function pythonVersions(python) {
  const script =
    "import sys, json, importlib.metadata as m; print(json.dumps({'Python': sys.version.split()[0], " +
    "**{it: m.version(it) for it in ('libpecos', 'omikuji', 'numpy', 'scipy')}}))";
  return JSON.parse(spawnSync(python, ["-c", script], { encoding: "utf8" }).stdout);
}

function succeeds(command, args, output = "hide") {
  const stdio = output === "show" ? ["ignore", "inherit", "inherit"] : "ignore";
  return spawnSync(command, args, { stdio }).status === 0;
}
