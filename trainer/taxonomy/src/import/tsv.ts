// Tab-separated concepts: `id name broader…`, one a line. A first line whose first cell is "id" (or ends so, as
// "mesh_id") names the columns, others are passed over; without one, every cell from the third on is broader.
// Several broader ids in one cell are separated by spaces. Lines with one id are one concept.
import { addText, type Draft, draftConcept } from "../draft.ts";
import { TaxonomyError } from "../errors.ts";

const maxLineLength = 2 ** 20;

interface Columns {
  readonly id: number;
  readonly name: number;
  readonly broader: (cells: readonly string[]) => readonly string[];
}

const plainColumns: Columns = { id: 0, name: 1, broader: (cells) => cells.slice(2) };

/** Reads all of `chunks` into `draft`. @throws TaxonomyError with the line that has no id or no name. */
export async function readTsv(chunks: AsyncIterable<string>, draft: Draft): Promise<void> {
  let columns: Columns | undefined;
  let line = 0;
  const broaderCells: { id: string; cell: string }[] = [];
  for await (const text of lines(chunks, draft.file)) {
    line++;
    if (text.trim() === "") continue;
    const cells = text.split("\t").map((it) => it.trim());
    if (columns === undefined) {
      columns = headerColumns(cells, draft.file, line);
      if (columns !== plainColumns) continue;
    }
    const id = withoutBrackets(cells[columns.id] ?? "");
    const name = cells[columns.name] ?? "";
    if (id === "" || name === "") {
      const found = text.length > 60 ? `${text.slice(0, 60)}…` : text;
      throw new TaxonomyError(draft.file, line, `expected "id<TAB>name<TAB>broader", found ${JSON.stringify(found)}`);
    }
    const concept = draftConcept(draft, id, line);
    if (!concept.isConcept) addText(draft, concept.prefLabels, name, "");
    else if (concept.prefLabels[0]?.value !== name) addText(draft, concept.altLabels, name, "");
    concept.isConcept = true;
    for (const cell of columns.broader(cells)) if (cell !== "") broaderCells.push({ id, cell: withoutBrackets(cell) });
  }
  for (const { id, cell } of broaderCells) {
    // An id may itself hold spaces: a cell that is an id as a whole is one.
    const parents = draft.concepts.has(cell) ? [cell] : cell.split(/\s+/u).map(withoutBrackets);
    draftConcept(draft, id).broader.push(...parents);
  }
}

function headerColumns(cells: readonly string[], file: string, line: number): Columns {
  const names = cells.map((it) => it.toLowerCase());
  if (!/(?:^|[_ ])id$/u.test(names[0] ?? "")) return plainColumns;
  const name = names.findIndex((it) => /(?:^|[_ ])(?:name|label|preflabel)$/u.test(it));
  if (name < 0) {
    throw new TaxonomyError(file, line, `the header has no column "name" (found: ${cells.join(", ")})`);
  }
  const broader = names.findIndex((it) => /^(?:broader|parents?)$/u.test(it));
  return { id: 0, name, broader: (row) => (broader < 0 ? [] : [row[broader] ?? ""]) };
}

/** Annif's vocabularies write IRIs as `<iri>`. */
function withoutBrackets(id: string): string {
  return id.startsWith("<") && id.endsWith(">") ? id.slice(1, -1) : id;
}

async function* lines(chunks: AsyncIterable<string>, file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > maxLineLength) {
      throw new TaxonomyError(file, undefined, `a line of more than ${maxLineLength} characters; not a TSV file?`);
    }
    for (const part of parts) yield part.endsWith("\r") ? part.slice(0, -1) : part;
  }
  if (rest !== "") yield rest;
}
