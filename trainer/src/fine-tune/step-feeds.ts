// One training step's input: a batch of documents, the rows of the tables that it uses, and what it is told apart from.
import type { HostTensor } from "../encoder/engines/engine.ts";
import type { Random } from "../random.ts";
import type { Batch } from "./batches.ts";
import type { TuningLevel } from "./levels.ts";
import { copyPassage, type PieceRows, passageLength } from "./pieces.ts";
import type { Shortlist } from "./shortlist.ts";
import { gatherRows, scatterRows, type Table, type TableRows } from "./table.ts";

/** The tables of a level. `bias` has width 1 and the head's rows. */
export interface Tables {
  readonly words: Table;
  readonly positions: Table;
  readonly head: Table;
  readonly bias: Table;
}

/** Rows of each table that a step uses. */
export interface UsedRows {
  readonly words: Uint32Array;
  readonly positions: Uint32Array;
  readonly slots: Uint32Array;
}

export interface StepRates {
  /** Learning rate of the encoder and of the head, times AdamW's first correction. */
  readonly rate: number;
  readonly headRate: number;
  /** AdamW's second correction. */
  readonly secondScale: number;
  /** Learning rate times weight decay. */
  readonly decay: number;
}

export interface FeedOptions {
  readonly maxPieces: number;
  readonly firstPosition: number;
  readonly hidden: number;
  /** Chance that an entry of the embedding is dropped. */
  readonly dropout: number;
  /** Chance that a word piece is dropped from a text. */
  readonly wordDropout: number;
}

/** Assembles steps of one level; owns scratch memory. */
export function newFeeder(
  pieces: PieceRows,
  level: TuningLevel,
  shortlist: Shortlist,
  tables: Tables,
  options: FeedOptions,
) {
  const wordAt = new Int32Array(tables.words.numRows).fill(-1);
  const slotAt = new Int32Array(level.numNodes).fill(-1);
  return { feed };

  function feed(batch: Batch, rates: StepRates, random: Random): { feeds: Map<string, HostTensor>; used: UsedRows } {
    const size = batch.documents.length;
    const texts = readTexts(batch.passages, random);
    const compared = compare(batch.documents);
    const used = { words: texts.words, positions: texts.positions, slots: compared.slots };
    const { hidden } = options;
    const shape = [size, texts.length];
    const marks = [size, compared.slots.length];
    const feeds = new Map<string, HostTensor>([
      ["ids", { type: "int32", shape, data: texts.ids }],
      ["mask", { type: "float32", shape, data: texts.mask }],
      ["sign", { type: "float32", shape: marks, data: compared.sign }],
      ["cost", { type: "float32", shape: marks, data: compared.cost }],
      ["dropout", { type: "float32", shape: [size, hidden], data: keepMask(size * hidden, random) }],
      ["rate", scalar(rates.rate)],
      ["headRate", scalar(rates.headRate)],
      ["secondScale", scalar(rates.secondScale)],
      ["decay", scalar(rates.decay)],
    ]);
    addRows(feeds, "words", gatherRows(tables.words, used.words), hidden);
    addRows(feeds, "positions", gatherRows(tables.positions, used.positions), hidden);
    addRows(feeds, "head", gatherRows(tables.head, used.slots), hidden);
    const bias = gatherRows(tables.bias, used.slots);
    feeds.set("head.bias", { type: "float32", shape: [used.slots.length], data: bias.rows });
    feeds.set("head.bias.first", { type: "float32", shape: [used.slots.length], data: bias.first });
    feeds.set("head.bias.second", { type: "float32", shape: [used.slots.length], data: bias.second });
    return { feeds, used };
  }

  function readTexts(passages: Uint32Array, random: Random) {
    const length = Math.max(1, ...passages.map((it) => passageLength(pieces, it, options.maxPieces)));
    const ids = new Int32Array(passages.length * length);
    const mask = new Float32Array(passages.length * length);
    const row = new Int32Array(length);
    const words: number[] = [];
    const local = (word: number) => {
      if (wordAt[word]! < 0) {
        wordAt[word] = words.length;
        words.push(word);
      }
      return wordAt[word]!;
    };
    for (const [b, passage] of passages.entries()) {
      const full = copyPassage(pieces, passage, options.maxPieces, row, 0);
      let count = 0;
      for (let k = 0; k < full; k++) {
        const isSpecial = k === 0 || k === full - 1;
        if (!isSpecial && options.wordDropout > 0 && random() < options.wordDropout) continue;
        ids[b * length + count] = local(row[k]!);
        mask[b * length + count++] = 1;
      }
    }
    for (const word of words) wordAt[word] = -1;
    const positions = Uint32Array.from({ length }, (_, k) => options.firstPosition + k);
    return { ids, mask, length, words: Uint32Array.from(words), positions };
  }

  /** Signs and costs of all candidates of the batch; a row's costs are scaled by its own number of candidates. */
  function compare(documents: Uint32Array) {
    const slots: number[] = [];
    const lists = Array.from(documents, (document) => shortlist.candidatesOf(document).slice());
    for (const list of lists) {
      for (const node of list) {
        if (slotAt[node]! >= 0) continue;
        slotAt[node] = slots.length;
        slots.push(node);
      }
    }
    const sign = new Float32Array(documents.length * slots.length).fill(-1);
    const cost = new Float32Array(documents.length * slots.length);
    const { indptr, nodes, counts } = level.own;
    for (const [b, document] of documents.entries()) {
      const list = lists[b]!;
      const share = 1 / (list.length * documents.length);
      for (const node of list) cost[b * slots.length + slotAt[node]!] = share;
      for (let e = indptr[document]!; e < indptr[document + 1]!; e++) {
        const slot = slotAt[nodes[e]!]!;
        if (slot < 0)
          throw new Error(`internal: node ${nodes[e]!} of document ${document} is no candidate of its batch`);
        const at = b * slots.length + slot;
        sign[at] = 1;
        cost[at] = share * counts[e]!;
      }
    }
    for (const node of slots) slotAt[node] = -1;
    return { slots: Uint32Array.from(slots), sign, cost };
  }

  function keepMask(size: number, random: Random): Float32Array {
    const { dropout } = options;
    const kept = 1 / (1 - dropout);
    return Float32Array.from({ length: size }, () => (dropout > 0 && random() < dropout ? 0 : kept));
  }
}

/** Takes the updated rows of a step into the tables. */
export function takeRows(tables: Tables, used: UsedRows, results: ReadonlyMap<string, HostTensor>): void {
  const updated = (name: string): TableRows => ({
    rows: floats(results, `${name}.next`),
    first: floats(results, `${name.replace(/\.rows$/u, "")}.first.next`),
    second: floats(results, `${name.replace(/\.rows$/u, "")}.second.next`),
  });
  scatterRows(tables.words, used.words, updated("words.rows"));
  scatterRows(tables.positions, used.positions, updated("positions.rows"));
  scatterRows(tables.head, used.slots, updated("head.rows"));
  scatterRows(tables.bias, used.slots, updated("head.bias"));
}

export function floats(results: ReadonlyMap<string, HostTensor>, name: string): Float32Array {
  const tensor = results.get(name);
  if (tensor === undefined) throw new Error(`internal: the graph gives no "${name}"`);
  return tensor.data as Float32Array;
}

function addRows(
  feeds: Map<string, HostTensor>,
  name: string,
  { rows, first, second }: TableRows,
  width: number,
): void {
  const shape = [rows.length / width, width];
  feeds.set(`${name}.rows`, { type: "float32", shape, data: rows });
  feeds.set(`${name}.first`, { type: "float32", shape, data: first });
  feeds.set(`${name}.second`, { type: "float32", shape, data: second });
}

function scalar(value: number): HostTensor {
  return { type: "float32", shape: [1], data: Float32Array.of(value) };
}
