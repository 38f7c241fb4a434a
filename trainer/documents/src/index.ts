// The door of @tagwright/documents.

export { bodyText } from "./body-text.ts";
export { applyEdits, invertEdits } from "./edits.ts";
export { sidecarTags } from "./files/sidecar-tags.ts";
export { siteTagOptions } from "./files/site-options.ts";
export { readTextFile } from "./files/text-file.ts";
export { type WalkOptions, walk } from "./files/walk.ts";
export { planListRepairs } from "./plan-list-repairs.ts";
export { planTagEdits } from "./plan-tag-edits.ts";
export { readTags } from "./read-tags.ts";
export { inferTagOptions } from "./site-config.ts";
export { tagSlotAt } from "./slot.ts";
export type {
  DocumentSource,
  DocumentTags,
  EditPlan,
  FormatId,
  ListRepair,
  Tag,
  TagChange,
  TagOptions,
  TagRegion,
  TagSlot,
  TextEdit,
} from "./tag-location.ts";
export { documentPathFor, isProjectPage, isTaggable, sidecarPathFor, taggableEndings } from "./taggable.ts";
