// WordNet's nouns as a corpus: a document is a gloss, its labels are the hypernyms of its synset and theirs.
// Counted on WordNet 3.1: 82,191 documents (one noun, "entity", has nothing above it) and 17,161 labels.
// Format: https://wordnet.princeton.edu/documentation/wndb5wn
import { createHash } from "node:crypto";

/** `@` is a hypernym, `@i` the class of an instance: Paris is not a kind of city, it is one. */
const upwards = new Set(["@", "@i"]);

/**
 * Synsets of a `data.noun` file by offset: { id, name, gloss, parents: offsets }.
 * A line is `offset file type words(hex) (word lexId)… pointers (symbol offset pos source/target)… | gloss`.
 */
export function parseNouns(text) {
  const synsets = new Map();
  for (const line of text.split("\n")) {
    if (!/^\d{8} /.test(line)) continue;
    const bar = line.indexOf(" | ");
    const cells = line.slice(0, bar).trim().split(" ");
    const firstPointer = 5 + 2 * Number.parseInt(cells[3], 16);
    const parents = [];
    for (let i = firstPointer; i + 3 < cells.length; i += 4) if (upwards.has(cells[i])) parents.push(cells[i + 1]);
    const offset = cells[0];
    const word = cells[4];
    synsets.set(offset, {
      id: `${word}.n.${offset}`,
      name: word.replaceAll("_", " "),
      gloss: line.slice(bar + 3).trim(),
      parents,
    });
  }
  return synsets;
}

/** Documents with at least one label, and every synset that labels one with its own broader ids. */
export function corpusOf(synsets) {
  const documents = [];
  const used = new Set();
  for (const { id, gloss, parents } of synsets.values()) {
    const above = new Set([...parents, ...parents.flatMap((it) => synsets.get(it).parents)]);
    if (above.size === 0) continue;
    for (const it of above) used.add(it);
    documents.push({ id, text: gloss, labels: [...above].map((it) => synsets.get(it).id) });
  }
  const labels = [...used].map((offset) => {
    const { id, name, parents } = synsets.get(offset);
    return { id, name, broader: parents.map((it) => synsets.get(it).id) };
  });
  return { documents, labels };
}

/** A tenth of all documents, by the trainer's own rule: SHA-1 of the id, first 8 hexadecimal digits modulo 100. */
export function isHeldOut(id) {
  return createHash("sha1").update(id).digest().readUInt32BE(0) % 100 < 10;
}

/** A fixed sixteenth of the documents, for what takes long. */
export function isInPart(id) {
  return createHash("sha1").update(id).digest().readUInt32BE(4) % 16 === 0;
}
