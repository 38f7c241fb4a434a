// Display names of labels: `labels.tsv` (or `.gz`) beside a corpus file, a table with the columns `id` and `name`.
import { existsSync } from "node:fs";
import path from "node:path";
import { CorpusError } from "./corpus-error.ts";
import { readLines } from "./lines.ts";

/** Names from the label table beside `corpusFile`; empty where there is none. @throws CorpusError */
export async function findLabelNames(corpusFile: string): Promise<ReadonlyMap<string, string>> {
  const folder = path.dirname(corpusFile);
  const table = ["labels.tsv", "labels.tsv.gz"].map((it) => path.join(folder, it)).find((it) => existsSync(it));
  return table === undefined ? new Map() : readLabelTable(table);
}

async function readLabelTable(table: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  let idColumn = -1;
  let nameColumn = -1;
  for await (const { firstLine, lines } of readLines(table)) {
    for (let i = 0; i < lines.length; i++) {
      const cells = lines[i]!.split("\t");
      if (firstLine + i === 1) {
        idColumn = cells.indexOf("id");
        nameColumn = cells.indexOf("name");
        if (idColumn < 0 || nameColumn < 0) {
          throw new CorpusError(`${table}:1: expected tab-separated columns "id" and "name", found ${lines[i]}`);
        }
        continue;
      }
      const id = cells[idColumn];
      const name = cells[nameColumn];
      if (id !== undefined && name !== undefined && id !== "" && name !== "") names.set(id, name);
    }
  }
  return names;
}
