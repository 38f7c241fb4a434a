// The door of @tagwright/documents.
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
