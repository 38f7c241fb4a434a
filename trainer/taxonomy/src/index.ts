// The door of @tagwright/taxonomy.
export type { Concept, LoadOptions, Taxonomy, TaxonomyLimits } from "./concept.ts";
export { TaxonomyError } from "./errors.ts";
export { loadTaxonomy } from "./load.ts";
export { compareNames, firstFrom } from "./sorted-names.ts";
