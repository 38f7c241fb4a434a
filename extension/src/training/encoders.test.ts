import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { areListed, isEncoderHere } from "./encoders.ts";

const list = JSON.stringify({ folder: "/x", encoders: [{ source: "all-MiniLM-L6-v2", origin: "hub" }, null] });

test.each([
  [list, "all-MiniLM-L6-v2", true],
  [list, "org/other", false],
  [list, "all-MiniLM-L6-v2,org/other", false],
  ['{"encoders":[]}', "all-MiniLM-L6-v2", false],
  ["{}", "all-MiniLM-L6-v2", undefined],
  ["oops", "all-MiniLM-L6-v2", undefined],
])("in the list %s, whether %s is here: %s", (text, encoder, expected) => {
  expect(areListed(text, encoder.split(","))).toBe(expected);
});

test("the trainer is asked; one that is missing or fails leaves it open", async () => {
  const folder = scratchFolder({
    "trainer.cjs": `console.log(process.argv.slice(2).join(" ") === "encoder list --json" ? ${JSON.stringify(list)} : "")`,
    "broken.cjs": "process.exit(3)",
    "mine/config.json": "{}",
  });
  const script = (name: string) => path.join(folder, name);
  expect(await isEncoderHere(script("trainer.cjs"), "all-MiniLM-L6-v2", folder)).toBe(true);
  expect(await isEncoderHere(script("broken.cjs"), "all-MiniLM-L6-v2", folder)).toBeUndefined();
  expect(await isEncoderHere(script("missing.cjs"), "all-MiniLM-L6-v2", folder)).toBeUndefined();
  expect(await isEncoderHere(script("missing.cjs"), "mine", folder)).toBe(true);
  expect(await isEncoderHere(script("trainer.cjs"), "mine, all-MiniLM-L6-v2", folder)).toBe(true);
  expect(await isEncoderHere(script("trainer.cjs"), "mine,org/other", folder)).toBe(false);
});
