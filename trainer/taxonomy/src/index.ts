// The door of @tagwright/taxonomy.
export type { Concept, LoadOptions, Taxonomy, TaxonomyLimits } from "./concept.ts";
export { TaxonomyError } from "./errors.ts";
export { loadTaxonomy } from "./load.ts";
