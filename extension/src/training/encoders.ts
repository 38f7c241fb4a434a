// Which pre-trained encoders are on this computer: asked of the trainer's command line, which knows where it keeps them.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const patienceMs = 3000;

/** Whether `encoder` can be used without a download; undefined where the trainer does not answer in time. */
export async function isEncoderHere(script: string, encoder: string, cwd: string): Promise<boolean | undefined> {
  // A folder is used where it stands.
  if (existsSync(path.resolve(cwd, encoder, "config.json"))) return true;
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  const options = { cwd, env, timeout: patienceMs, windowsHide: true };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, "encoder", "list", "--json"], options, (error, stdout) => {
      resolve(error === null ? isListed(stdout, encoder) : undefined);
    });
  });
}

/** @param list what `tagwright encoder list --json` prints; undefined where it is something else. */
export function isListed(list: string, encoder: string): boolean | undefined {
  try {
    const { encoders } = JSON.parse(list) as { encoders?: unknown };
    if (!Array.isArray(encoders)) return undefined;
    return encoders.some((it: { source?: unknown } | null) => it?.source === encoder);
  } catch {
    return undefined;
  }
}
