// Where a workspace keeps its model when no --model is given: `.tags/model` of the folder or the nearest one above it.
import { existsSync } from "node:fs";
import path from "node:path";
import { UsageError } from "./exit-codes.ts";

/** `<folder>/.tags/model` of `start` or the nearest folder above that has one; undefined where none has. */
export function findModel(start: string): string | undefined {
  for (let folder = path.resolve(start); ; folder = path.dirname(folder)) {
    const model = path.join(folder, ".tags", "model");
    if (existsSync(path.join(model, "model.json"))) return model;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** @throws UsageError where no model is near `start` */
export function requireModel(start: string): string {
  const model = findModel(start);
  if (model !== undefined) return model;
  const trained = path.join(start, ".tags", "model");
  throw new UsageError(
    `no model in ${trained} or in a folder above; name one with --model, or train one: tagwright train --corpus ${start} --out ${trained}`,
  );
}
