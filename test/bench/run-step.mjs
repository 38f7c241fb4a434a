// One step of a benchmark, as a process of its own that prints its figures.
import { spawnSync } from "node:child_process";

/** The last line that a process prints, parsed. @throws Error with what it said where it fails. */
export function runStep(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`failed: ${command} ${args.join(" ")}\n${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}
