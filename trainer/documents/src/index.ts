// The door of @tagwright/documents.

export { bodyText } from "./body-text.ts";
export { applyEdits, invertEdits } from "./edits.ts";
export { planTagEdits } from "./plan-tag-edits.ts";
export { readTags } from "./read-tags.ts";
export { inferTagOptions, siteConfigGlobs } from "./site-config.ts";
export { tagSlotAt } from "./slot.ts";
export type {
  DocumentSource,
  DocumentTags,
  EditPlan,
  FormatId,
  Tag,
  TagChange,
  TagOptions,
  TagRegion,
  TagSlot,
  TextEdit,
} from "./tag-location.ts";
export { documentPathFor, isTaggable, sidecarPathFor } from "./taggable.ts";
