// Which files of a workspace folder are its model and its taxonomy. In an untrusted workspace only what the user's own
// settings name counts: a model is input to a parser, so the workspace must not choose it.
import { access, stat } from "node:fs/promises";
import path from "node:path";
import type { Settings } from "../settings.ts";
import { isInside } from "../uris.ts";

export interface Place {
  /** Path of the workspace folder; undefined for documents outside any, and for folders that are not on disk. */
  readonly root: string | undefined;
  readonly trusted: boolean;
}

const taxonomyNames = ["taxonomy", "thesaurus", "vocabulary"].flatMap((name) =>
  [".ttl", ".nt", ".tsv"].map((extension) => name + extension),
);

/** The model folder, whether or not it exists; `restricted` where trust is missing; undefined where none is named. */
export function locateModel({ root, trusted }: Place, { modelPath }: Settings): string | "restricted" | undefined {
  const folder = resolveIn(root, modelPath === "" ? path.join(".tags", "model") : modelPath);
  if (folder === undefined) return undefined;
  if (trusted) return folder;
  const usersOwn = path.isAbsolute(modelPath) && (root === undefined || !isInside(folder, root));
  return usersOwn ? folder : "restricted";
}

export async function locateTaxonomy(place: Place, { taxonomyPath }: Settings): Promise<string | undefined> {
  const { root, trusted } = place;
  if (taxonomyPath !== "") {
    const file = resolveIn(root, taxonomyPath);
    if (
      file === undefined ||
      (!trusted && (!path.isAbsolute(taxonomyPath) || (root !== undefined && isInside(file, root))))
    )
      return undefined;
    return file;
  }
  if (root === undefined || !trusted) return undefined;
  for (const folder of [root, path.join(root, ".tags")]) {
    for (const name of taxonomyNames) if (await exists(path.join(folder, name))) return path.join(folder, name);
  }
  return undefined;
}

/** Changes when another model was put in place; undefined where there is none. */
export async function modelStamp(folder: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path.join(folder, "model.json"));
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

function resolveIn(root: string | undefined, named: string): string | undefined {
  if (path.isAbsolute(named)) return path.normalize(named);
  return root === undefined ? undefined : path.join(root, named);
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
