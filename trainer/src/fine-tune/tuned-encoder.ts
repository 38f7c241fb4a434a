// An encoder while it is tuned: its layers are the state of a training graph on some engine, its tables stay here.
import type { TuningLoss } from "../config.ts";
import { disposeQuietly, type Engine, type HostTensor, type Program } from "../encoder/engines/engine.ts";
import { bake, buildEncoder } from "../encoder/graph/bert.ts";
import { quantizeEncoder } from "../encoder/graph/quantize.ts";
import { buildStep } from "../encoder/graph/step.ts";
import type { EncoderShape, EncoderWeights } from "../encoder/source/pretrained.ts";
import { type EmbeddingPart, embedDocuments, newPart } from "./embed.ts";
import type { PieceRows } from "./pieces.ts";
import { forgetMoments, newTable, type Table } from "./table.ts";

export interface TunedEncoder {
  /** The training graph, with the layers and their moments as its state. */
  readonly step: Program;
  readonly tables: { readonly words: Table; readonly positions: Table };
  /**
   * Raw embeddings [documents, hidden] with the weights as they are now. Of first passages, which only show the next level
   * where to begin, on a CPU with their 8-bit form: twice as fast.
   */
  embed(
    pieces: PieceRows,
    maxPieces: number,
    passages: "first" | "all",
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
    part?: EmbeddingPart,
  ): Promise<Float32Array>;
  /** A new level starts without the moments of the last one. */
  forgetMoments(): Promise<void>;
  /** All weights, as they are now. */
  weights(): Promise<EncoderWeights>;
  /** Everything that changes while it learns, by name; and the same put back. @throws RangeError where it does not fit. */
  snapshot(): Promise<Map<string, Float32Array>>;
  restore(arrays: ReadonlyMap<string, ArrayBufferView>): Promise<void>;
  dispose(): Promise<void>;
}

export interface StepGraphOptions {
  readonly loss: TuningLoss;
  readonly clip: number;
  /** See `Tuning`. */
  readonly lowestShare: number;
}

/** The training graph with the state that it starts from. */
export function stepGraph(shape: EncoderShape, weights: EncoderWeights, options: StepGraphOptions) {
  const layerDecay = options.lowestShare ** (1 / shape.layers);
  const graph = buildStep(shape, { loss: options.loss, clip: options.clip, layerDecay });
  const state = new Map<string, HostTensor>();
  for (const { input } of graph.state) {
    const weight = weights.get(input.replace(/\.(first|second)$/u, ""));
    if (weight === undefined) throw new Error(`internal: the encoder has no "${input}"`);
    state.set(input, isMoment(input) ? zeros(weight.shape) : weight);
  }
  return { graph, state };
}

/** Takes `weights` onto the engine. @throws EngineError where the engine cannot run the graph. */
export async function newTunedEncoder(
  engine: Engine,
  shape: EncoderShape,
  weights: EncoderWeights,
  options: StepGraphOptions,
): Promise<TunedEncoder> {
  const { graph, state } = stepGraph(shape, weights, options);
  const layers = graph.state.map(({ input }) => input).filter((name) => !isMoment(name));
  const step = await engine.load(graph, state);
  const tables = { words: tableOf(weights, "words"), positions: tableOf(weights, "positions") };
  let inference: Program | undefined;

  async function current(): Promise<EncoderWeights> {
    const now = new Map<string, HostTensor>(await step.readState(layers));
    for (const [name, { rows, numRows, width }] of Object.entries(tables))
      now.set(name, { type: "float32", shape: [numRows, width], data: rows });
    return now;
  }

  const all = async (): Promise<EncoderWeights> => new Map([...weights, ...(await current())]);

  return {
    step,
    tables,
    weights: all,
    async embed(pieces, maxPieces, passages, onProgress, signal, part = newPart(pieces.numDocuments, shape.hidden)) {
      const options = { hidden: shape.hidden, maxPieces, passages };
      if (passages === "first" && engine.name === "cpu") {
        const quantised = await engine.load(quantizeEncoder(bake(buildEncoder(shape), await all())), new Map());
        try {
          await embedDocuments(quantised, pieces, options, part, onProgress, signal);
        } finally {
          await disposeQuietly(quantised);
        }
        return part.values;
      }
      if (inference === undefined) {
        const now = await all();
        const encoder = buildEncoder(shape);
        const needed = encoder.state.map(({ input }) => [input, now.get(input)!] as const);
        inference = await engine.load(encoder, new Map(needed));
      } else {
        await inference.writeState(await current());
      }
      await embedDocuments(inference, pieces, options, part, onProgress, signal);
      return part.values;
    },
    async forgetMoments() {
      const moments = graph.state.filter(({ input }) => isMoment(input));
      await step.writeState(new Map(moments.map(({ input }) => [input, zeros(state.get(input)!.shape)])));
      for (const table of Object.values(tables)) forgetMoments(table);
    },
    async snapshot() {
      const arrays = new Map<string, Float32Array>();
      for (const [name, { data }] of await step.readState()) arrays.set(`layers.${name}`, data as Float32Array);
      for (const [name, { rows, first, second }] of Object.entries(tables))
        for (const [part, data] of Object.entries({ rows, first, second })) arrays.set(`${name}.${part}`, data);
      return arrays;
    },
    async restore(arrays) {
      const take = (name: string, length: number) => {
        const data = arrays.get(name);
        if (!(data instanceof Float32Array) || data.length !== length)
          throw new RangeError(
            `restore: "${name}" with ${length} numbers expected, ${data?.byteLength ?? 0} bytes found`,
          );
        return data;
      };
      const kept = [...state].map(([name, { shape: dims, data }]): [string, HostTensor] => [
        name,
        { type: "float32", shape: dims, data: take(`layers.${name}`, data.length) },
      ]);
      await step.writeState(new Map(kept));
      for (const [name, table] of Object.entries(tables))
        for (const part of ["rows", "first", "second"] as const)
          table[part].set(take(`${name}.${part}`, table[part].length));
    },
    async dispose() {
      await inference?.dispose();
      await step.dispose();
    },
  };
}

function isMoment(name: string): boolean {
  return name.endsWith(".first") || name.endsWith(".second");
}

function zeros(shape: readonly number[]): HostTensor {
  return { type: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

function tableOf(weights: EncoderWeights, name: string): Table {
  const { data, shape } = weights.get(name)!;
  return newTable(Float32Array.from(data as Float32Array), shape[1]!);
}
