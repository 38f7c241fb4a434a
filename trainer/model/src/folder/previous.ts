// What is known of the model that a newer one has replaced, for the question whether to go back to it.
import type { ModelInfo } from "../types.ts";
import { looksLikeModelFolder, previousFolder } from "./files.ts";
import { openModelFolder } from "./reader.ts";
import { resolveTarget } from "./swap.ts";

/**
 * The facts of the model that `restorePrevious(folder)` would bring back; undefined where none is kept.
 * @throws ModelFolderError where the one that is kept is damaged.
 */
export async function previousModel(folder: string): Promise<{ folder: string; info: ModelInfo } | undefined> {
  const previous = previousFolder(await resolveTarget(folder));
  if (!looksLikeModelFolder(previous)) return undefined;
  const { info, dispose } = await openModelFolder(previous, { cacheBytes: 0 });
  dispose();
  return { folder: previous, info };
}
