// The tags that a document has beside it.
import { lstat } from "node:fs/promises";
import path from "node:path";
import { readTags } from "../read-tags.ts";
import type { TagOptions } from "../tag-location.ts";
import { sidecarPathFor } from "../taggable.ts";
import { readTextFile } from "./text-file.ts";

/**
 * Tags in the sidecar of `document`, a path below `root`; none where it has none. A sidecar counts where its document does,
 * also one that the editor does not show; a link is no sidecar, as it is no document.
 */
export async function sidecarTags(root: string, document: string, options?: TagOptions): Promise<readonly string[]> {
  const sidecar = sidecarPathFor(document);
  const place = path.join(root, sidecar);
  const isFile = await lstat(place).then(
    (it) => it.isFile(),
    () => false,
  );
  if (!isFile) return [];
  const file = await readTextFile(place);
  return file.kind === "text" ? readTags({ path: sidecar, text: file.text }, options).tags : [];
}
