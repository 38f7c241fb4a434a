// Where the tags of a document are written: in itself, or, for a kind of file that has no place for tags, in its sidecar.
import { planTagEdits, readTags, sidecarPathFor } from "@tagwright/documents";
import type { Analysis } from "../analysis.ts";
import { filePath, fileUri } from "../uris.ts";
import { readText } from "./read-text.ts";

export interface TagPlace {
  /** URI of the file to change. */
  readonly target: string;
  /** The tags of the document, those of its sidecar included. */
  readonly existing: readonly string[];
}

/** @param openText the text that an editor holds for a URI; it wins over the file. */
export async function tagPlace(
  uri: string,
  { source, options, tags }: Analysis,
  openText: (uri: string) => string | undefined,
): Promise<TagPlace> {
  const file = filePath(uri);
  if (file === undefined || !hasNoPlace(source.path)) return { target: uri, existing: tags.tags };
  const path = sidecarPathFor(file);
  const sidecar = fileUri(path);
  const open = openText(sidecar);
  const read = open === undefined ? await readText(path) : ({ kind: "text", text: open } as const);
  const more = read.kind === "text" ? readTags({ path, text: read.text }, options).tags : [];
  const ownPlace = tags.regions.some((it) => it.format !== "inline-hash" && it.refusal === undefined);
  return { target: ownPlace ? uri : sidecar, existing: [...tags.tags, ...more] };
}

/** Whether a new file of this name could not be given a tag. */
function hasNoPlace(path: string): boolean {
  return planTagEdits({ path, text: "" }, { add: ["tag"] }).kind === "refused";
}
