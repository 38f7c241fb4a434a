import { expect, onTestFinished, test } from "vitest";
import { openModel } from "../model.ts";
import { openModelFolder } from "./reader.ts";
import { fixture } from "./tampering.ts";
import { verifyModelFolder } from "./verify.ts";

const trees = [
  { bias: -0.04804873, rows: [27, 1, 47], entries: 35, children: 17 },
  { bias: 0.3629838, rows: [37, 4, 48], entries: 45, children: 19 },
];

// The numbers were read from the files with Python: zlib, and sums over the steps.
test.each([
  { version: 4, id: "65311d3ff9e11a7be25fa52e0f13a27273f120820a231c98c71e4a7c90ddd861", sums: [40, 45.125] },
  { version: 5, id: "aa28b8700f38c17ae0e7f6e823221d20219d6571b47486980da12b60c8d5f22d", sums: [19.5, 22.875] },
])("a model folder of version $version loads for ever", async ({ version, id, sums }) => {
  const { info, manifest, encoders, members, dispose } = await openModelFolder(fixture(`v${version}`));
  onTestFinished(dispose);
  expect(info.id).toBe(id);
  expect(info).toMatchObject({ formatVersion: version, encoder: "tiny-bert", numLabels: 8 });
  expect(encoders.map((it) => it.description)).toEqual(manifest.encoderModels);
  expect(manifest.encoderModels).toMatchObject([{ hidden: 16, weight: 0.5, serves: "encoder.onnx" }]);
  for (const [m, { bias, rows, entries, children }] of trees.entries()) {
    const level = members[m]!.ranker.levels[1]!;
    expect(level.bias[7]).toBeCloseTo(bias, 6);
    const chunk = level.chunk(2);
    expect([chunk.features.length, chunk.features[0], chunk.features.at(-1)]).toEqual(rows);
    expect(chunk.weights).toHaveLength(entries);
    expect(chunk.weights.reduce((a, b) => a + b, 0)).toBe(sums[m]);
    expect(chunk.children.reduce((a, b) => a + b, 0)).toBe(children);
    expect(chunk.dense?.weights).toHaveLength(2 * 16);
  }
});

test.each(["v4", "v5"])("the folder %s is whole, and it suggests", async (version) => {
  expect(await verifyModelFolder(fixture(version))).toMatchObject({ numChunks: 8 });
  const model = await openModel(fixture(version), { threads: 1 });
  onTestFinished(() => model.dispose());
  const suggestions = await model.suggest("Solar power", 8);
  expect(suggestions.map(({ id }) => id).sort()).toEqual([...model.labels].sort());
});
