// Which pre-trained encoders are on this computer: asked of the trainer's command line, which knows where it keeps them.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const patienceMs = 3000;

/** Whether `encoder` can be used without a download; undefined where the trainer does not answer in time. */
export async function isEncoderHere(script: string, encoder: string, cwd: string): Promise<boolean | undefined> {
  // Several are named with commas; a folder is used where it stands.
  const isFolder = (name: string) => existsSync(path.resolve(cwd, name, "config.json"));
  const names = isFolder(encoder) ? [] : encoder.split(",").map((it) => it.trim());
  const others = names.filter((it) => !isFolder(it));
  if (others.length === 0) return true;
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  const options = { cwd, env, timeout: patienceMs, windowsHide: true };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, "encoder", "list", "--json"], options, (error, stdout) => {
      resolve(error === null ? areListed(stdout, others) : undefined);
    });
  });
}

/** @param list what `tagwright encoder list --json` prints; undefined where it is something else. */
export function areListed(list: string, names: readonly string[]): boolean | undefined {
  try {
    const { encoders } = JSON.parse(list) as { encoders?: unknown };
    if (!Array.isArray(encoders)) return undefined;
    const sources = encoders.map((it: { source?: unknown } | null) => it?.source);
    return names.every((it) => sources.includes(it));
  } catch {
    return undefined;
  }
}
