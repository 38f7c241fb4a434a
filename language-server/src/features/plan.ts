// Plans tag edits for texts that the client holds. The client applies them, so open documents change through the editor
// and its undo, never behind it.
import { planTagEdits, type TagOptions } from "@tagwright/documents";
import type { PlanItem, PlannedEdits } from "../protocol.ts";
import { formatPath } from "../uris.ts";

export function planItem({ uri, text, add }: PlanItem, options: TagOptions): PlannedEdits {
  const plan = planTagEdits({ path: formatPath(uri), text }, { add }, options);
  if (plan.kind === "refused") return { kind: "refused", reason: plan.reason };
  return { kind: "edits", edits: plan.edits, added: plan.added };
}

/** The items of an untrusted `plan` request; those of a wrong shape become empty texts that plan nothing. */
export function asPlanItems(params: unknown): PlanItem[] {
  if (!Array.isArray(params)) return [];
  return params.map((it: Partial<PlanItem> | null) => ({
    uri: typeof it?.uri === "string" ? it.uri : "",
    text: typeof it?.text === "string" ? it.text : "",
    add: Array.isArray(it?.add) ? it.add.filter((tag) => typeof tag === "string" && tag !== "") : [],
  }));
}
