// Whether a caret is where ghost text may appear; the client asks before it triggers any.
import { tagSlotAt } from "@tagwright/documents";
import type { Position } from "vscode-languageserver";
import type { DocumentContext } from "./context.ts";

export function isTagSlot({ document, analysis }: Omit<DocumentContext, "folder">, position: Position): boolean {
  const slot = tagSlotAt(analysis.source, document.offsetAt(position), analysis.options);
  return slot !== undefined && slot.region.refusal === undefined;
}
