// What can run an encoder on this computer, for the question before a training: asked of the trainer's command line.
import { askTrainer } from "./ask-trainer.ts";

export interface EngineHere {
  /** As `tagwright train --engine` takes it. */
  readonly name: string;
  /** For people; where it cannot be used, what is missing. */
  readonly about: string;
  readonly isHere: boolean;
}

/** All engines, usable or not; undefined where the trainer does not answer in time. */
export async function listEngines(script: string, cwd: string): Promise<EngineHere[] | undefined> {
  return parseEngines(await askTrainer(script, ["doctor", "--no-model", "--json"], cwd));
}

/** @param answer what `tagwright doctor --json` prints; undefined comes back where it is something else. */
export function parseEngines(answer: unknown): EngineHere[] | undefined {
  const { engines } = (answer ?? {}) as { engines?: unknown };
  if (!Array.isArray(engines)) return undefined;
  return engines.flatMap((it: Record<string, unknown> | null) => {
    const { name, title, version, note } = it ?? {};
    if (typeof name !== "string" || typeof title !== "string") return [];
    const isHere = typeof version === "string";
    return [{ name, about: isHere ? `${title} ${version}` : String(note ?? ""), isHere }];
  });
}

/** Where the trainer did not say which there are. */
export const allEngines: readonly EngineHere[] = ["cpu", "webgpu", "webgpu16", "cuda", "tfjs"].map((name) => ({
  name,
  about: "",
  isHere: true,
}));

/** For people. */
export function engineTitle(name: string): string {
  const titles: Readonly<Record<string, string>> = {
    auto: "Automatic",
    cpu: "CPU",
    webgpu: "WebGPU",
    webgpu16: "WebGPU, 16 bits",
    cuda: "CUDA",
    tfjs: "TensorFlow.js",
  };
  return titles[name] ?? name;
}
