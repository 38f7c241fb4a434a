import { writeFileSync } from "node:fs";
import path from "node:path";
import type { EncoderState, Model, OpenOptions } from "@tagwright/model";
import { loadTaxonomy } from "@tagwright/taxonomy";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { WorkerEvent } from "./worker-messages.ts";
import { createService } from "./worker-service.ts";

const turtle = `
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <http://example.org/> .
ex:food a skos:Concept ; skos:prefLabel "Food"@en .
ex:bread a skos:Concept ; skos:prefLabel "Bread"@en ; skos:altLabel "Loaf"@en ; skos:broader ex:food ;
  skos:definition "Baked dough."@en .
`;

function taxonomyFile(): string {
  const file = path.join(scratchFolder(), "taxonomy.ttl");
  writeFileSync(file, turtle);
  return file;
}

/** A service whose model has these labels; `disposed` counts how often one was let go. */
function service(labels: readonly string[]) {
  const explained: string[] = [];
  let disposed = 0;
  const events: WorkerEvent[] = [];
  let tell: OpenOptions["onEncoder"];
  const openModel = async (folder: string, options: OpenOptions): Promise<Model> => {
    if (folder === "bad") throw new Error("bad: model.json is missing");
    tell = options.onEncoder;
    return {
      labels,
      info: { id: "m1" },
      encoder: { kind: "loading" },
      suggestMany: async (texts: readonly string[]) => texts.map(() => []),
      explain: async (_: string, label: string) => {
        explained.push(label);
        return { label, margin: 0, bias: 0, embedding: 0, terms: [], path: [] };
      },
      dispose: () => {
        disposed++;
      },
    } as unknown as Model;
  };
  const ask = createService({ openModel, loadTaxonomy, onEvent: (it) => events.push(it) });
  return { ask, explained, events, tell: (state: EncoderState) => tell?.(state), disposed: () => disposed };
}

const open = { folder: "m", holder: 1, cacheBytes: 1, threads: 2 };

test("a model that is opened again replaces the one before, which is let go", async () => {
  const { ask, disposed } = service([]);
  await ask("openModel", open);
  await ask("openModel", open);
  expect(disposed()).toBe(1);
  await ask("closeModel", { folder: "m", holder: 1 });
  expect(disposed()).toBe(2);
  await expect(ask("suggest", { folder: "m", texts: [""], k: 1 })).rejects.toThrow("not open");
});

test("a model of several folders is let go with the last of them", async () => {
  const { ask, disposed } = service([]);
  await ask("openModel", open);
  await ask("openModel", { ...open, holder: 2 });
  for (let twice = 0; twice < 2; twice++) await ask("closeModel", { folder: "m", holder: 1 });
  expect(disposed()).toBe(1);
  expect(await ask("suggest", { folder: "m", texts: [""], k: 1 })).toMatchObject({ suggestions: [[]] });
  await ask("closeModel", { folder: "m", holder: 2 });
  expect(disposed()).toBe(2);
});

test("a model that cannot be opened leaves the one before in use", async () => {
  const { ask, disposed } = service(["a"]);
  await ask("openModel", open);
  await expect(ask("openModel", { ...open, folder: "bad" })).rejects.toThrow("model.json is missing");
  expect(await ask("suggest", { folder: "m", texts: [""], k: 1 })).toMatchObject({ suggestions: [[]] });
  expect(disposed()).toBe(0);
});

test("an encoder is loaded after the model, and the answers say what they were made from", async () => {
  const { ask, events, tell } = service(["a"]);
  expect(await ask("openModel", open)).toEqual({ info: { id: "m1" }, encoder: { kind: "loading" } });
  expect(await ask("suggest", { folder: "m", texts: ["x", "y"], k: 1 })).toEqual({
    suggestions: [[], []],
    model: "m1",
    encoder: { kind: "loading" },
  });
  tell({ kind: "ready" });
  expect(events).toEqual([{ event: "encoder", folder: "m", model: "m1", state: { kind: "ready" } }]);
});

test("a tag is explained by its label, or by the concept whose name it is", async () => {
  const { ask, explained } = service(["Rye", "http://example.org/bread"]);
  await ask("openModel", open);
  await ask("openTaxonomy", { file: taxonomyFile() });
  const explain = (tag: string) => ask("explain", { folder: "m", text: "", tag, maxTerms: 5 });
  await explain("rye");
  await explain("loaf");
  expect(explained).toEqual(["Rye", "http://example.org/bread"]);
  expect(await explain("unheard")).toBeNull();
});

test("a concept is found by any of its names, with its path and definition", async () => {
  const { ask } = service([]);
  const file = taxonomyFile();
  expect(await ask("concept", { file, tag: "loaf" })).toBeNull();
  expect(await ask("openTaxonomy", { file })).toMatchObject({ concepts: 2 });
  expect(await ask("concept", { file, tag: "loaf" })).toMatchObject({
    id: "http://example.org/bread",
    tag: "Bread",
    altLabels: ["Loaf"],
    path: ["Food"],
    definition: "Baked dough.",
  });
});

test("search joins taxonomy and model, each name once, and shows concepts by name", async () => {
  const { ask } = service(["bread", "brioche", "http://example.org/food"]);
  const file = taxonomyFile();
  await ask("openModel", open);
  await ask("openTaxonomy", { file });
  const search = async (prefix: string) =>
    (await ask("search", { folder: "m", taxonomy: file, prefix, limit: 10 })).map((it) => it.tag);
  expect(await search("br")).toEqual(["Bread", "brioche"]);
  expect(await search("lo")).toEqual(["Bread"]);
  expect(await search("http")).toEqual(["Food"]);
});
