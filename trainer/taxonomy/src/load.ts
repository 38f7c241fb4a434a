// The one way in: a file of a known format becomes a taxonomy in memory.
import { buildTaxonomy } from "./build.ts";
import { defaultLimits, type LoadOptions, type Taxonomy } from "./concept.ts";
import { type Draft, emptyDraft } from "./draft.ts";
import { TaxonomyError } from "./errors.ts";
import { readTsv } from "./import/tsv.ts";
import { readTurtle } from "./import/turtle.ts";
import { readText } from "./source.ts";

type Reader = (chunks: AsyncIterable<string>, draft: Draft) => Promise<void>;

const readers: Readonly<Record<string, Reader>> = {
  ttl: (chunks, draft) => readTurtle(chunks, draft, "Turtle"),
  turtle: (chunks, draft) => readTurtle(chunks, draft, "Turtle"),
  nt: (chunks, draft) => readTurtle(chunks, draft, "N-Triples"),
  tsv: readTsv,
};

/**
 * Reads SKOS from `.ttl`, `.turtle` or `.nt`, or `id name broader` rows from `.tsv`; each may end in `.gz`.
 * @throws TaxonomyError with file, line and cure where the file is unreadable, malformed, empty or past a limit.
 */
export async function loadTaxonomy(file: string, { language = [], limits = {} }: LoadOptions = {}): Promise<Taxonomy> {
  const format = /\.([a-z]+)(?:\.gz)?$/iu.exec(file)?.[1]?.toLowerCase() ?? "";
  const read = Object.hasOwn(readers, format) ? readers[format] : undefined;
  if (read === undefined) {
    const known = Object.keys(readers).map((it) => `.${it}`);
    throw new TaxonomyError(file, undefined, `not a known taxonomy format (known: ${known.join(", ")}, each also .gz)`);
  }
  const draft = emptyDraft(file, { ...defaultLimits, ...limits });
  await read(readText(file, draft.limits.maxBytes), draft);
  return buildTaxonomy(draft, typeof language === "string" ? [language] : language);
}
