import { mkdirSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { type EncoderChoices, encoderSources } from "./encoder-sources.ts";
import { UsageError } from "./exit-codes.ts";

test.each<[string, EncoderChoices, string[]]>([
  ["none", { encoder: "none", engine: "auto" }, []],
  ["one", { encoder: "org/a" }, ["org/a"]],
  ["several", { encoder: "org/a, b,pip:c==1", combine: "softmax" }, ["org/a", "b", "pip:c==1"]],
  ["the same twice", { encoder: "a,a" }, ["a", "a"]],
  ["one with seeds", { encoder: "a", encoderSeeds: 3 }, ["a", "a", "a"]],
  ["several that stay as they are", { encoder: "a,b", freeze: true }, ["a", "b"]],
])("a command line may name %s", (_, choices, expected) => {
  expect(encoderSources(choices)).toEqual(expected);
});

test("a folder with a comma in its name is one encoder", () => {
  const folder = path.join(scratchFolder(), "a,b");
  mkdirSync(folder);
  expect(encoderSources({ encoder: folder })).toEqual([folder]);
});

test.each<[string, EncoderChoices, RegExp]>([
  ["none among others", { encoder: "a,none" }, /none of them none/],
  ["an empty name", { encoder: "a,,b" }, /"a,,b" found/],
  ["seeds of no encoder", { encoder: "none", encoderSeeds: 2 }, /one encoder expected, 0 named/],
  ["seeds of several", { encoder: "a,b", encoderSeeds: 2 }, /one encoder expected, 2 named/],
  ["too many", { encoder: Array(17).fill("a").join(",") }, /16 encoders at most expected, 17 found/],
  ["a rule for one", { encoder: "a", combine: "rank" }, /several encoders expected, 1 found/],
  ["a rule for none", { encoder: "none", combine: "rank" }, /several encoders expected, 0 found/],
  ["to keep the weights of none", { encoder: "none", freeze: true }, /--freeze: an encoder expected, none named/],
  ["how to fine-tune none", { encoder: "none", schedule: "flat" }, /--schedule: an encoder expected/],
  ["a step of none", { encoder: "none", batch: 8 }, /--batch: an encoder expected/],
  ["what none reads", { encoder: "none", maxPieces: 64 }, /--max-pieces: an encoder expected/],
  ["how often none reads", { encoder: "none", passages: 1 }, /--passages: an encoder expected/],
  ["to keep what none learnt", { encoder: "none", keepAll: true }, /--keep-all: an encoder expected/],
  ["to fetch none", { encoder: "none", download: true }, /--download: an encoder expected/],
  ["what runs none", { encoder: "none", engine: "cpu" }, /--engine: an encoder expected/],
  ["one twice that stays as it is", { encoder: "a,a", freeze: true }, /seeds do not change it/],
])("a command line may not name %s", (_, choices, expected) => {
  expect(() => encoderSources(choices)).toThrow(UsageError);
  expect(() => encoderSources(choices)).toThrow(expected);
});
