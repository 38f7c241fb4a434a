// Short questions to the trainer's command line, which knows what is on this computer: one JSON object for an answer.
import { execFile } from "node:child_process";

const patienceMs = 5000;

/** What the trainer prints for these flags; undefined where it fails, does not answer in time or prints something else. */
export async function askTrainer(script: string, args: readonly string[], cwd: string): Promise<unknown> {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  const options = { cwd, env, timeout: patienceMs, windowsHide: true };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], options, (error, stdout) => {
      try {
        resolve(error === null ? JSON.parse(stdout) : undefined);
      } catch {
        resolve(undefined);
      }
    });
  });
}
