import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { EncoderState, ModelInfo, Suggestion } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { createAnalyse } from "../analysis.ts";
import type { Log } from "../guard.ts";
import { defaultSettings } from "../settings.ts";
import { FolderModel } from "./folder-model.ts";
import type { WorkerHost } from "./worker-host.ts";

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const analysis = createAnalyse()("file:///a.md", "some text", {});
const tag: Suggestion = { id: "x", name: "x", margin: 1, probability: 1 };

/** A folder model over a worker that counts what it is asked, and answers in order; `openMs` is how long a model takes to load. */
function setUp({ openMs = 0, trusted = true, fail = "", withEncoder = false } = {}) {
  let encoder: EncoderState = { kind: withEncoder ? "loading" : "none" };
  const root = scratchFolder();
  const asked: string[] = [];
  let opened = 0;
  const answer = async (operation: string, texts: readonly string[] = []) => {
    if (operation === "openModel") {
      await new Promise((resolve) => setTimeout(resolve, openMs));
      if (fail !== "") throw new Error(fail);
      return { info: { id: `model ${++opened}`, numLabels: opened, threshold: 0.5 } as ModelInfo, encoder };
    }
    const model = `model ${opened}`;
    return operation === "suggest" ? { suggestions: texts.map(() => [tag]), model, encoder } : null;
  };
  let before: Promise<unknown> = Promise.resolve();
  const host = {
    request: (operation: string, { texts }: { texts?: readonly string[] }) => {
      asked.push(operation);
      const answered = before.then(() => answer(operation, texts));
      before = answered.catch(() => undefined);
      return answered;
    },
  } as unknown as WorkerHost;
  const states: string[] = [];
  const settings = { ...defaultSettings, modelPath: "m", unloadAfterMs: 60_000 };
  const model = new FolderModel({
    place: { root, trusted },
    settings,
    host,
    log: quiet,
    onChange: () => states.push(model.state.kind),
  });
  const write = (text: string) => {
    mkdirSync(path.join(root, "m"), { recursive: true });
    writeFileSync(path.join(root, "m", "model.json"), text);
  };
  const tell = (state: EncoderState) => {
    encoder = state;
    model.encoderChanged(`model ${opened}`, state);
  };
  return { model, asked, states, write, tell };
}

test("without a model folder the answer is empty and the worker is not asked", async () => {
  const { model, asked } = setUp();
  expect(await model.suggest(analysis)).toEqual([]);
  expect(await model.explain(analysis, "x")).toBeUndefined();
  expect(model.state).toEqual({ kind: "none" });
  model.setTaggedDocuments(3);
  expect(model.state).toEqual({ kind: "none", taggedDocuments: 3 });
  expect(asked).toEqual([]);
});

test("going back to the previous model asks the worker once and loads what is in place then", async () => {
  const { model, asked, states, write } = setUp();
  write("{}");
  await model.refresh();
  expect(await model.previous()).toBeUndefined();
  write("{ }");
  await model.restore();
  expect(asked).toEqual(["openModel", "previousModel", "restoreModel", "openModel"]);
  expect(states).toEqual(["loading", "ready", "ready"]);
  expect(model.info?.id).toBe("model 2");
});

test("in an untrusted workspace no model is put in the place of another", async () => {
  const { model, asked } = setUp({ trusted: false });
  expect(await model.previous()).toBeUndefined();
  await expect(model.restore()).rejects.toThrow("not trusted");
  expect(asked).toEqual([]);
});

test("a model that is there is loaded once, and the same words are asked about once", async () => {
  const { model, asked, states, write } = setUp();
  write("{}");
  expect(await model.suggest(analysis)).toEqual([tag]);
  expect(await model.suggest(analysis)).toEqual([tag]);
  expect(asked).toEqual(["openModel", "suggest"]);
  expect(states).toEqual(["loading", "ready"]);
});

test("while a model loads the answer is empty and quick, unless the user waits for it", async () => {
  const { model, write } = setUp({ openMs: 1500 });
  write("{}");
  expect(await model.suggest(analysis)).toEqual([]);
  expect(model.state.kind).toBe("loading");
  expect(await model.suggest(analysis, { patient: true })).toEqual([tag]);
});

test("while the encoder is loaded the status says so, and what words alone suggested is not given again afterwards", async () => {
  const { model, asked, states, write, tell } = setUp({ withEncoder: true });
  write("{}");
  await model.suggest(analysis);
  await model.suggest(analysis);
  expect(model.state).toMatchObject({ kind: "ready", lexical: { loading: true } });
  tell({ kind: "ready" });
  expect(model.state).toMatchObject({ kind: "ready" });
  expect(model.state).not.toHaveProperty("lexical");
  await model.suggest(analysis);
  expect(asked).toEqual(["openModel", "suggest", "suggest"]);
  tell({ kind: "failed", reason: "no library" });
  expect(model.state).toMatchObject({ kind: "ready", lexical: { loading: false, reason: "no library" } });
  expect(states).toEqual(["loading", "ready", "ready", "ready"]);
  model.encoderChanged("another model", { kind: "ready" });
  expect(model.state).toHaveProperty("lexical");
});

test("who is patient waits for the encoder, also when the worker dies meanwhile", async () => {
  const { model, write, tell } = setUp({ withEncoder: true });
  write("{}");
  await model.suggest(analysis);
  for (const end of [() => tell({ kind: "ready" }), () => model.forget()]) {
    tell({ kind: "loading" });
    let answered = false;
    const answer = model.suggest(createAnalyse()("file:///b.md", `${end}`, {}), { patient: true }).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered).toBe(false);
    end();
    await answer;
  }
});

test("of many documents the model is asked only about those that are not known", async () => {
  const { model, asked, write } = setUp();
  write("{}");
  const other = createAnalyse()("file:///b.md", "other text", {});
  await model.suggest(analysis);
  expect(await model.suggestMany([other, analysis, other])).toEqual([[tag], [tag], [tag]]);
  await model.suggestMany([analysis, other]);
  expect(await model.suggestMany([])).toEqual([]);
  expect(asked).toEqual(["openModel", "suggest", "suggest"]);
});

test("a new model is swapped in, and answers of the old one are not given again", async () => {
  const { model, asked, write } = setUp();
  write("{}");
  await model.suggest(analysis);
  write('{"a":1}');
  await model.refresh(true);
  expect(model.info?.id).toBe("model 2");
  await model.suggest(analysis);
  expect(asked).toEqual(["openModel", "suggest", "openModel", "suggest"]);
});

test("what is asked while a new model is read, and answered by that, is remembered as its answer", async () => {
  const { model, asked, write } = setUp({ openMs: 400 });
  write("{}");
  await model.refresh(true);
  write('{"a":1}');
  const swapped = model.refresh(true);
  await model.suggest(analysis);
  await swapped;
  await model.suggest(analysis);
  expect(asked).toEqual(["openModel", "openModel", "suggest"]);
});

test("a broken model is a state with its reason, tried again only when it changes or the user asks", async () => {
  const { model, asked, write } = setUp({ fail: "model.json: cut short" });
  write("{}");
  expect(await model.suggest(analysis, { patient: true })).toEqual([]);
  expect(model.state).toEqual({ kind: "failed", message: "model.json: cut short" });
  await model.suggest(analysis, { patient: true });
  expect(asked).toEqual(["openModel"]);
  await model.refresh(true);
  expect(asked).toEqual(["openModel", "openModel"]);
});

test("a model that is taken away leaves the state without one", async () => {
  const { model, states, write } = setUp();
  write("{}");
  await model.refresh(true);
  rmSync(path.join(model.folder, "model.json"));
  await model.refresh(true);
  expect(states).toEqual(["loading", "ready", "none"]);
  expect(await model.suggest(analysis)).toEqual([]);
});

test("after the worker died the next request loads the model again", async () => {
  const { model, asked, write } = setUp();
  write("{}");
  await model.suggest(analysis);
  model.forget();
  expect(await model.suggest(analysis)).toEqual([tag]);
  expect(asked.filter((it) => it === "openModel").length).toBe(2);
});

test("an idle model is let go, and comes back with the next request", async () => {
  const { model, asked, write } = setUp();
  write("{}");
  await model.suggest(analysis);
  await model.unloadWhenIdle(Date.now() + 30_000);
  expect(asked).not.toContain("closeModel");
  await model.unloadWhenIdle(Date.now() + 61_000);
  expect(asked).toContain("closeModel");
  const other = createAnalyse()("file:///a.md", "other text", {});
  expect(await model.suggest(other)).toEqual([tag]);
});

test("in an untrusted workspace its model is never opened", async () => {
  const { model, asked, write } = setUp({ trusted: false });
  write("{}");
  expect(await model.suggest(analysis, { patient: true })).toEqual([]);
  expect(model.state).toEqual({ kind: "restricted" });
  expect(asked).toEqual([]);
});
