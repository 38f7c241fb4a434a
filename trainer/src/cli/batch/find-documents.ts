// The files that `tag` was asked to look at, grouped by the folder that keeps their journal.
import { existsSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { isTaggable, type WalkOptions, walk } from "@tagwright/documents";
import { CorpusError, corpusErrorFrom } from "../../corpus/corpus-error.ts";

export interface DocumentFile {
  /** The folder whose journal records changes of this file. */
  readonly folder: string;
  /** Below `folder`, forward slashes. */
  readonly relative: string;
  /** Whether the file itself was named, and not found in a folder. */
  readonly named: boolean;
}

/** Each file once, in the order asked. @throws CorpusError where a path does not exist or holds no documents. */
export async function findDocuments(
  paths: readonly string[],
  options: Pick<WalkOptions, "exclude" | "signal"> = {},
): Promise<DocumentFile[]> {
  const found = new Map<string, DocumentFile>();
  const add = (folder: string, relative: string, named: boolean) => {
    const file = path.join(folder, relative);
    if (!found.has(file)) found.set(file, { folder, relative, named });
  };
  for (const given of paths) {
    const place = await realpath(given).catch((error: unknown) => {
      throw corpusErrorFrom(error, given);
    });
    if ((await stat(place)).isDirectory()) {
      for await (const relative of walk(place, options)) if (isTaggable(relative)) add(place, relative, false);
    } else {
      const folder = await journalFolderOf(place);
      add(folder, path.relative(folder, place).split(path.sep).join("/"), true);
    }
  }
  if (found.size > 0) return [...found.values()];
  throw new CorpusError(`${paths.join(", ")}: expected text documents such as .md, .txt or .rst, found none`);
}

/** The nearest folder above `file` that has `.tags`; else the working folder where the file is in it; else the file's own. */
async function journalFolderOf(file: string): Promise<string> {
  for (let folder = path.dirname(file); path.dirname(folder) !== folder; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, ".tags"))) return folder;
  }
  const here = await realpath(process.cwd());
  const relative = path.relative(here, file);
  const outside = relative.startsWith("..") || path.isAbsolute(relative);
  return outside ? path.dirname(file) : here;
}
