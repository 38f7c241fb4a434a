// SKOS in Turtle or N-Triples. The parser hands over one triple at a time and none is kept: a draft holds the
// labels and relations alone. SKOS-XL labels and definitions that are nodes of their own are resolved at the end.
import { EventEmitter } from "node:events";
import { Parser, type Quad } from "n3";
import { addText, type Draft, draftConcept, type LanguageText } from "../draft.ts";
import { TaxonomyError } from "../errors.ts";

const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const rdfs = "http://www.w3.org/2000/01/rdf-schema#";
const owl = "http://www.w3.org/2002/07/owl#";
const skos = "http://www.w3.org/2004/02/skos/core#";
const skosxl = "http://www.w3.org/2008/05/skos-xl#";
const dcterms = "http://purl.org/dc/terms/";
const skosext = "http://purl.org/finnonto/schema/skosext#";
const isoThes = "http://purl.org/iso25964/skos-thes#";

/** Text that may be read without one statement coming to its end. */
const maxStatementLength = 2 ** 24;

type TextField = "prefLabels" | "altLabels" | "hiddenLabels" | "definitions";

const textFields: ReadonlyMap<string, TextField> = new Map([
  [`${skos}prefLabel`, "prefLabels"],
  [`${skosxl}prefLabel`, "prefLabels"],
  [`${skos}altLabel`, "altLabels"],
  [`${skosxl}altLabel`, "altLabels"],
  [`${skos}hiddenLabel`, "hiddenLabels"],
  [`${skosxl}hiddenLabel`, "hiddenLabels"],
  [`${skos}definition`, "definitions"],
  [`${skos}scopeNote`, "definitions"],
]);

const relations: ReadonlyMap<string, "broader" | "narrower"> = new Map([
  [`${skos}broader`, "broader"],
  [`${isoThes}broaderGeneric`, "broader"],
  [`${isoThes}broaderInstantial`, "broader"],
  [`${isoThes}broaderPartitive`, "broader"],
  [`${skos}narrower`, "narrower"],
  [`${isoThes}narrowerGeneric`, "narrower"],
  [`${isoThes}narrowerInstantial`, "narrower"],
  [`${isoThes}narrowerPartitive`, "narrower"],
]);

const schemeNames = new Set([`${skos}prefLabel`, `${rdfs}label`, `${dcterms}title`]);

/** A text that stands at another node: `concept field node`, to be looked up once all is read. */
interface Reference {
  readonly concept: string;
  readonly field: TextField;
  readonly node: string;
}

/** Reads all of `chunks` into `draft`. @throws TaxonomyError with the line that does not parse. */
export async function readTurtle(chunks: AsyncIterable<string>, draft: Draft, format: "Turtle" | "N-Triples") {
  const reader = tripleReader(draft);
  const input = new EventEmitter();
  let failure: Error | undefined;
  let lengthSinceTriple = 0;
  new Parser({ format }).parse(input, (error: Error | null, quad: Quad | null) => {
    if (error !== null) failure ??= error;
    else if (quad !== null && failure === undefined) {
      lengthSinceTriple = 0;
      reader.read(quad);
    }
  });
  for await (const chunk of chunks) {
    lengthSinceTriple += chunk.length;
    input.emit("data", chunk);
    if (failure !== undefined) throw syntaxError(draft.file, failure);
    if (lengthSinceTriple > maxStatementLength) {
      throw new TaxonomyError(draft.file, undefined, `${maxStatementLength} characters without a whole statement`);
    }
  }
  input.emit("end");
  if (failure !== undefined) throw syntaxError(draft.file, failure);
  reader.finish();
}

/** One triple in, nothing kept but what `draft` and the open references need. */
function tripleReader(draft: Draft) {
  const references: Reference[] = [];
  const nodeTexts = new Map<string, LanguageText[]>();
  const schemes = new Set<string>();
  const names = new Map<string, LanguageText[]>();

  function read({ subject, predicate, object }: Quad): void {
    const id = subject.value;
    const textField = textFields.get(predicate.value);
    const relation = relations.get(predicate.value);
    if (object.termType === "Literal") {
      if (schemeNames.has(predicate.value)) readName(id, object.value, object.language);
      if (textField !== undefined) addText(draft, draftConcept(draft, id)[textField], object.value, object.language);
      else readLiteral(id, predicate.value, object.value, object.language);
    } else if (textField !== undefined) {
      references.push({ concept: id, field: textField, node: object.value });
    } else if (relation !== undefined) {
      draftConcept(draft, id)[relation].push(object.value);
    } else if (predicate.value === `${rdf}type`) {
      if (object.value === `${skos}Concept`) draftConcept(draft, id).isConcept = true;
      else if (object.value === `${skosext}DeprecatedConcept`) draftConcept(draft, id).deprecated = true;
      else if (object.value === `${skos}ConceptScheme`) schemes.add(id);
    } else if (predicate.value === `${dcterms}isReplacedBy`) {
      draftConcept(draft, id).deprecated = true;
    }
  }

  function readLiteral(id: string, predicate: string, value: string, language: string): void {
    if (predicate === `${skosxl}literalForm` || predicate === `${rdf}value`) {
      addText(draft, entry(nodeTexts, id), value, language);
    } else if (predicate === `${skos}notation`) {
      draftConcept(draft, id).notation ??= value;
    } else if (predicate === `${owl}deprecated`) {
      draftConcept(draft, id).deprecated = value === "true" || value === "1";
    }
  }

  function readName(id: string, value: string, language: string): void {
    // Names of schemes are few, but the type may follow the name, so a bounded number of subjects waits for it.
    if (schemes.has(id) || names.size < 1000) entry(names, id).push({ value, language });
  }

  function finish(): void {
    for (const { concept, field, node } of references) {
      for (const text of nodeTexts.get(node) ?? []) draftConcept(draft, concept)[field].push(text);
    }
    for (const scheme of schemes) {
      for (const { value, language } of names.get(scheme) ?? []) addText(draft, draft.titles, value, language);
    }
  }

  return { read, finish };
}

function entry<V>(map: Map<string, V[]>, key: string): V[] {
  let list = map.get(key);
  if (list === undefined) {
    list = [];
    map.set(key, list);
  }
  return list;
}

/** n3 ends its messages with "on line n." and keeps the number in `context`. */
function syntaxError(file: string, error: Error): TaxonomyError {
  const context: unknown = "context" in error ? error.context : undefined;
  const line = typeof context === "object" && context !== null && "line" in context ? context.line : undefined;
  const problem = error.message.replace(/ on line \d+\.?$/u, "");
  return new TaxonomyError(file, typeof line === "number" ? line : undefined, `${problem}; not valid RDF here`, {
    cause: error,
  });
}
