import { expect, onTestFinished, test } from "vitest";
import { openModel } from "../model.ts";
import { openModelFolder } from "./reader.ts";
import { fixture } from "./tampering.ts";
import { verifyModelFolder } from "./verify.ts";

// The numbers below were read from the files with Python: zlib, numpy cumsum over the steps.
test("a model folder of version 4 loads for ever", async () => {
  const { info, manifest, encoders, members, dispose } = await openModelFolder(fixture("v4"));
  onTestFinished(dispose);
  expect(info.id).toBe("65311d3ff9e11a7be25fa52e0f13a27273f120820a231c98c71e4a7c90ddd861");
  expect(info).toMatchObject({ formatVersion: 4, encoder: "tiny-bert", numLabels: 8 });
  expect(encoders.map((it) => it.description)).toEqual(manifest.encoderModels);
  expect(manifest.encoderModels).toMatchObject([{ hidden: 16, weight: 0.5, serves: "encoder.onnx" }]);
  const expected = [
    { bias: -0.04804873, rows: [27, 1, 47], entries: 35, sum: 40, children: 17 },
    { bias: 0.3629838, rows: [37, 4, 48], entries: 45, sum: 45.125, children: 19 },
  ];
  for (const [m, { bias, rows, entries, sum, children }] of expected.entries()) {
    const level = members[m]!.ranker.levels[1]!;
    expect(level.bias[7]).toBeCloseTo(bias, 6);
    const chunk = level.chunk(2);
    expect([chunk.features.length, chunk.features[0], chunk.features.at(-1)]).toEqual(rows);
    expect(chunk.weights).toHaveLength(entries);
    expect(chunk.weights.reduce((a, b) => a + b, 0)).toBe(sum);
    expect(chunk.children.reduce((a, b) => a + b, 0)).toBe(children);
    expect(chunk.dense?.weights).toHaveLength(2 * 16);
  }
});

test("the folder of version 4 is whole, and it suggests", async () => {
  expect(await verifyModelFolder(fixture("v4"))).toMatchObject({ numChunks: 8 });
  const model = await openModel(fixture("v4"), { threads: 1 });
  onTestFinished(() => model.dispose());
  const suggestions = await model.suggest("Solar power", 8);
  expect(suggestions.map(({ id }) => id).sort()).toEqual([...model.labels].sort());
});
