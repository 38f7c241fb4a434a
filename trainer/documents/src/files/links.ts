// Whether a change of a file would land where its path says. A journal may come with a cloned repository, and so may the
// links that would lead its edits out of the folder.
import { lstat, realpath } from "node:fs/promises";
import path from "node:path";

/**
 * Why `file`, a path below `folder`, must not be changed: it is no file of that folder. Undefined where it may be, also
 * where it is not there yet.
 * @throws the file system's error where that cannot be told.
 */
export async function linkedElsewhere(folder: string, file: string): Promise<string | undefined> {
  const root = await realpath(folder);
  const parent = await realFolder(path.dirname(file));
  const relative = path.relative(root, parent);
  if (relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) {
    return `expected a file in ${folder}, found one behind a link to ${parent}; take the link away, or change the file yourself`;
  }
  const found = await orMissing(lstat(file));
  if (found === undefined || found.isFile()) return undefined;
  const what = found.isSymbolicLink() ? "a link" : "something else";
  return `expected a regular file, found ${what}; put the file itself there, or change it yourself`;
}

/** Where `folder` is, or would be made: the nearest that is there. */
async function realFolder(folder: string): Promise<string> {
  return (await orMissing(realpath(folder))) ?? realFolder(path.dirname(folder));
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(String(error.code)))
      return undefined;
    throw error;
  }
}
