import path from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { newOrtEngine } from "../encoder/engines/ort.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { embedWith } from "./embed.ts";
import { newPieceCollector } from "./pieces.ts";
import { newTunedEncoder } from "./tuned-encoder.ts";

const engine = await newOrtEngine("cpu", { threads: 1 });
afterAll(() => engine.dispose());

const { shape, weights } = await readEncoderFolder(
  path.resolve(import.meta.dirname, "../../../test/fixtures/encoders/tiny-bert"),
);
const numDocuments = 20;
const silent = () => undefined;

/** Documents of one passage each. */
function documents() {
  const collector = newPieceCollector();
  for (let d = 0; d < numDocuments; d++) collector.add([Int32Array.of(2, 20 + d, 60 - d, 30 + (d % 3), 3)]);
  return collector.finish();
}

function cosines(a: Float32Array, b: Float32Array): number[] {
  return Array.from({ length: numDocuments }, (_, d) => {
    const [x, y] = [a, b].map((it) => it.subarray(d * shape.hidden, (d + 1) * shape.hidden)) as [
      Float32Array,
      Float32Array,
    ];
    return x.reduce((sum, it, k) => sum + it * y[k]!, 0) / (Math.hypot(...x) * Math.hypot(...y));
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, it) => sum + it, 0) / values.length;
}

test("what the ranker learns from is embedded in 32 bits, what shows a level where to begin in 8, next to it", async () => {
  const encoder = await newTunedEncoder(engine, shape, weights, { loss: "squared-hinge", clip: 1, lowestShare: 0.12 });
  onTestFinished(() => encoder.dispose());
  const pieces = documents();
  const all = await encoder.embed(pieces, 16, "all", silent);
  expect(all).toEqual(await embedWith(engine, shape, weights, pieces, 16, silent));
  const before = cosines(await encoder.embed(pieces, 16, "first", silent), all);
  expect(Math.min(...before)).toBeGreaterThan(0.98);
  expect(Math.min(...before)).toBeLessThan(0.999999);

  // Both follow what the encoder has learnt meanwhile.
  encoder.tables.words.rows.reverse();
  const first = await encoder.embed(pieces, 16, "first", silent);
  const later = await encoder.embed(pieces, 16, "all", silent);
  expect(mean(cosines(first, later))).toBeGreaterThan(mean(cosines(first, all)) + 1e-4);
});
