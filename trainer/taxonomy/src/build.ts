// A draft becomes a taxonomy: one language is chosen, relations are checked and mirrored, oddities are counted.
import type { Concept, Taxonomy } from "./concept.ts";
import type { Draft, DraftConcept, LanguageText } from "./draft.ts";
import { TaxonomyError } from "./errors.ts";
import { conceptsOnCycles, pathTo } from "./hierarchy.ts";
import { labelIndex } from "./search.ts";

/** `languages` as the caller wants them; the rest of the chain is added here. @throws TaxonomyError without concepts. */
export function buildTaxonomy(draft: Draft, languages: readonly string[]): Taxonomy {
  const chain = [...languages.map((it) => it.toLowerCase()), "en", ""];
  const stated = new Map([...draft.concepts].filter(([, it]) => it.isConcept));
  if (stated.size === 0) {
    throw new TaxonomyError(draft.file, undefined, "no concepts found; expected skos:Concept or rows of id and name");
  }
  const { broader, numUnknown, unknownExample } = checkedRelations(stated);
  const narrower = mirrored(broader);
  let numUnnamed = 0;
  const concepts = [...stated].map(([id, it]): Concept => {
    if (it.prefLabels.length === 0) numUnnamed++;
    return concept(id, it, chain, [...broader.get(id)!], narrower.get(id) ?? []);
  });
  const byId = new Map(concepts.map((it) => [it.id, it]));
  const get = (id: string) => byId.get(id);
  const cyclic = conceptsOnCycles(concepts, get);
  const warnings = [
    counted("concepts without a preferred label, shown by another name or their id", numUnnamed),
    counted(`relations to a concept that is not in the file, left out (as ${unknownExample})`, numUnknown),
    counted(`concepts that are broader than themselves in a cycle (as ${cyclic[0]?.id})`, cyclic.length),
    counted(`texts of more than ${draft.limits.maxTextLength} characters, left out`, draft.numLongTexts),
  ];
  return {
    title: chosen(draft.titles, chain)[0]?.value,
    concepts,
    topConcepts: concepts.filter((it) => it.broader.length === 0),
    warnings: warnings.filter((it) => it !== undefined),
    get,
    pathTo: (it) => pathTo(it, get),
    ...labelIndex(concepts),
  };
}

function counted(what: string, count: number): string | undefined {
  return count === 0 ? undefined : `${what}: ${count}`;
}

/** Broader ids of each concept: stated, or stated as narrower by the other side; known, distinct, not itself. */
function checkedRelations(stated: ReadonlyMap<string, DraftConcept>) {
  const broader = new Map([...stated.keys()].map((id) => [id, new Set<string>()]));
  let numUnknown = 0;
  let unknownExample = "";
  const relate = (child: string, parent: string) => {
    const parents = broader.get(child);
    if (parents === undefined || !broader.has(parent)) {
      numUnknown++;
      unknownExample ||= parents === undefined ? child : parent;
    } else if (child !== parent) parents.add(parent);
  };
  for (const [id, it] of stated) for (const parent of it.broader) relate(id, parent);
  for (const [id, it] of stated) for (const child of it.narrower) relate(child, id);
  return { broader, numUnknown, unknownExample };
}

function mirrored(broader: ReadonlyMap<string, ReadonlySet<string>>): Map<string, string[]> {
  const narrower = new Map<string, string[]>();
  for (const [child, parents] of broader) {
    for (const parent of parents) {
      const children = narrower.get(parent);
      if (children === undefined) narrower.set(parent, [child]);
      else children.push(child);
    }
  }
  return narrower;
}

/** Alternative names are in the language of the preferred one; a definition in any language is better than none. */
function concept(id: string, it: DraftConcept, chain: readonly string[], broader: string[], narrower: string[]) {
  const [named, ...others] = chosen(it.prefLabels, chain);
  const sameLanguage = named === undefined ? chain : [named.language, ""];
  const alternatives = [...others, ...chosen(it.altLabels, sameLanguage, "none")].map((text) => text.value);
  const prefLabel = named?.value ?? alternatives[0] ?? localName(id);
  return {
    id,
    prefLabel,
    altLabels: [...new Set(alternatives)].filter((label) => label !== prefLabel),
    hiddenLabels: chosen(it.hiddenLabels, sameLanguage, "none").map((text) => text.value),
    definition: chosen(it.definitions, chain)[0]?.value,
    broader,
    narrower,
    deprecated: it.deprecated,
    notation: it.notation,
  };
}

/** The texts of the first language in the chain that has any ("en" takes "en-gb" and the reverse), else as said. */
function chosen(texts: readonly LanguageText[], chain: readonly string[], otherwise: "any" | "none" = "any") {
  for (const wanted of chain) {
    const exact = texts.filter((it) => it.language === wanted);
    if (exact.length > 0) return exact;
    const primary = wanted.split("-", 1)[0];
    const related = wanted === "" ? [] : texts.filter((it) => it.language.split("-", 1)[0] === primary);
    if (related.length > 0) return related;
  }
  return otherwise === "none" ? [] : texts.filter((it) => it.language === texts[0]?.language);
}

/** What stands behind the last `/`, `#` or `:` of an IRI; the id itself where nothing does. */
function localName(id: string): string {
  const name = id.slice(Math.max(id.lastIndexOf("/"), id.lastIndexOf("#"), id.lastIndexOf(":")) + 1);
  try {
    return decodeURIComponent(name).replaceAll("_", " ").trim() || id;
  } catch {
    return name || id;
  }
}
