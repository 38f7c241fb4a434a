// Finds and opens TensorFlow for Node.js, which is no dependency: it is large, and its install script needs the internet.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { type Engine, EngineError } from "./engine.ts";
import { newTfjsEngine } from "./tfjs.ts";
import type { Tfjs } from "./tfjs-operators.ts";

export interface TfjsPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** The kernels of TensorFlow itself, with what the Node.js backend says of its device. */
interface NativeBackend {
  readonly isUsingGpuDevice?: unknown;
}

const names = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** Beside this program, or where people install engines. Never the working folder: what lies there runs nowhere. */
function usualPlaces(): string[] {
  return [__filename, path.join(enginesFolder(), "package.json")];
}

function enginesFolder(): string {
  return path.join(process.env["TAGWRIGHT_HOME"] || path.join(os.homedir(), ".tagwright"), "engines");
}

export function installTfjs(): string {
  return `npm install --prefix "${enginesFolder()}" ${names[0]}@4.22.0`;
}

/** The package, looked for from each of `places`; nothing is loaded. */
export function findTfjsPackage(places = usualPlaces()): TfjsPackage | undefined {
  for (const name of names) {
    for (const from of places) {
      try {
        const file = createRequire(from).resolve(`${name}/package.json`);
        const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: unknown };
        return { name, version: String(version), folder: path.dirname(file) };
      } catch {
        // Not installed there; the next place may have it.
      }
    }
  }
  return undefined;
}

/** @throws EngineError where the package is not installed, or does not load. */
export async function openTfjsEngine(places = usualPlaces()): Promise<Engine> {
  const found = findTfjsPackage(places);
  if (found === undefined) {
    throw new EngineError(`TensorFlow for Node.js is not installed; install it with: ${installTfjs()}`);
  }
  const load = createRequire(path.join(found.folder, "package.json"));
  restoreRemovedUtilities(load("node:util") as Record<string, unknown>);
  // TensorFlow writes what it finds about the processor to stderr.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  try {
    const tf = load(found.folder) as Tfjs;
    await tf.ready();
    const gpu = (tf.backend() as unknown as NativeBackend).isUsingGpuDevice === true;
    const device = gpu ? "NVIDIA GPU" : "CPU";
    return newTfjsEngine(tf, `${device}, TensorFlow (${found.name} ${found.version})`);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
    throw new EngineError(
      `${found.name} in ${found.folder} does not load: ${message}; CONTRIBUTING.md says how to build it, or take --engine cpu`,
      { cause },
    );
  }
}

/**
 * tfjs-node 4.22 calls two functions of node:util that Node.js 23 removed. They are added where they are missing, as they
 * were; nothing that is there changes.
 */
export function restoreRemovedUtilities(util: Record<string, unknown>): void {
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] ??= Array.isArray;
}
