// Replaces a file whole or not at all: written beside, flushed, renamed. Mode bits stay.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

/** Writes `bytes` to `file`, new or there already. On failure `file` is as it was. @throws the file system's error. */
export async function writeFileWhole(file: string, bytes: string | Uint8Array): Promise<void> {
  const mode = await modeOf(file);
  // A rename would replace a file that its owner made read-only.
  if (mode !== undefined) await access(file, constants.W_OK);
  // Short: a name made from that of the file could be longer than names may be.
  const beside = path.join(path.dirname(file), `.tagwright-${randomBytes(8).toString("hex")}.tmp`);
  try {
    const handle = await open(beside, "wx", mode ?? 0o666);
    try {
      await handle.writeFile(bytes);
      // The mode of `open` passes through the process' mask.
      if (mode !== undefined) await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function modeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mode & 0o7777;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
