// Whether the disk has room for a run, before it starts: a run that ends with a full disk has been in vain.
import { lstat, readdir, statfs } from "node:fs/promises";
import path from "node:path";
import { checkpointFolder } from "./checkpoint.ts";

/** Too little room; the message says what to do. */
export class DiskSpaceError extends Error {
  override readonly name = "DiskSpaceError";
}

/**
 * `bytes` is what checkpoints and model at `out` will take together. What a run that was cut off has left there counts as room.
 * @throws DiskSpaceError where they will not fit.
 */
export async function checkDiskSpace(out: string, bytes: number, freeBytes = freeBytesOf): Promise<void> {
  const free = await freeBytes(path.resolve(out));
  if (free === undefined) return;
  const room = free + (await sizeOf(checkpointFolder(out)));
  if (room >= bytes) return;
  const megabytes = (count: number) => `${Math.ceil(count / 2 ** 20).toLocaleString("en")} MiB`;
  throw new DiskSpaceError(
    `${out}: room for about ${megabytes(bytes)} of checkpoints and model expected, ${megabytes(room)} found; make room, ` +
      "or name a folder on another disk with --out",
  );
}

/** Of the disk that `folder`, which need not be there yet, is on; undefined where the file system does not say. */
async function freeBytesOf(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  if (found !== undefined) return found.blocks > 0 ? found.bavail * found.bsize : undefined;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : freeBytesOf(parent);
}

async function sizeOf(place: string): Promise<number> {
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined || found.isSymbolicLink()) return 0;
  if (!found.isDirectory()) return found.size;
  const sizes = (await readdir(place)).map((name) => sizeOf(path.join(place, name)));
  return (await Promise.all(sizes)).reduce((sum, it) => sum + it, 0);
}
