import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { inSettings } from "./in-settings.ts";

const off = "Fine-Tuning: Off";

test.each([
  ["train with --batch 8 --max-pieces 64, or raise --memory-limit", "training.batch"],
  ["raise --memory-limit, or take fewer --threads", "training.memoryLimit"],
  ["it does not load; take --engine cpu", "training.engine"],
  ["2 labels have too few documents and stay out (--min-label-documents)", "training.minLabelDocuments"],
])("%s: the option is the setting %s", (message, setting) => {
  const said = inSettings(message, off);
  expect(said.message).not.toMatch(/--/u);
  expect(said.message).toContain(`tagwright.${setting}`);
  expect(said.setting).toBe(`tagwright.${setting}`);
});

test("an encoder that stays as it was published is a row of the question, and no setting", () => {
  expect(inSettings("train with --freeze", off)).toEqual({ message: `train with ${off}`, setting: undefined });
});

test("what is no option of the trainer stays as it is", () => {
  for (const message of ["npm install --prefix /x tfjs", "a--batch", "---batch", "--features words", "a - b -- c", ""])
    expect(inSettings(message, off)).toEqual({ message, setting: undefined });
});

test("every setting that is named exists", () => {
  const manifest = readFileSync(path.resolve(import.meta.dirname, "../../../package.json"), "utf8");
  const { contributes } = JSON.parse(manifest) as { contributes: { configuration: { properties: object }[] } };
  const known = contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
  const options = ["batch", "encoder", "engine", "max-pieces", "memory-limit", "min-label-documents", "out", "threads"];
  for (const option of options) expect(known).toContain(inSettings(`--${option}`, off).message);
});
