import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { defaultSettings } from "../settings.ts";
import { locateModel, locateTaxonomy, modelStamp } from "./locate.ts";

const root = path.join(tmpdir(), "notes");
const elsewhere = path.join(tmpdir(), "my-model");
const named = (modelPath: string) => ({ ...defaultSettings, modelPath });

test("the model is in .tags/model unless a setting names another folder", () => {
  expect(locateModel({ root, trusted: true }, defaultSettings)).toBe(path.join(root, ".tags", "model"));
  expect(locateModel({ root, trusted: true }, named("models/big"))).toBe(path.join(root, "models", "big"));
  expect(locateModel({ root, trusted: true }, named(elsewhere))).toBe(elsewhere);
});

test("an untrusted workspace never chooses the model: only an absolute path outside of it counts", () => {
  for (const it of ["", "models/big", path.join(root, "models"), path.join(elsewhere, "..", "notes", "m")]) {
    expect(locateModel({ root, trusted: false }, named(it)), it).toBe("restricted");
  }
  expect(locateModel({ root, trusted: false }, named(elsewhere))).toBe(elsewhere);
});

test("documents outside every folder have a model only where a setting names one absolutely", () => {
  expect(locateModel({ root: undefined, trusted: true }, defaultSettings)).toBeUndefined();
  expect(locateModel({ root: undefined, trusted: true }, named(elsewhere))).toBe(elsewhere);
});

test("the taxonomy is found by its usual names, at the top or in .tags, and only in a trusted workspace", async () => {
  const folder = scratchFolder();
  expect(await locateTaxonomy({ root: folder, trusted: true }, defaultSettings)).toBeUndefined();
  mkdirSync(path.join(folder, ".tags"));
  writeFileSync(path.join(folder, ".tags", "thesaurus.nt"), "");
  expect(await locateTaxonomy({ root: folder, trusted: true }, defaultSettings)).toBe(
    path.join(folder, ".tags", "thesaurus.nt"),
  );
  writeFileSync(path.join(folder, "taxonomy.ttl"), "");
  expect(await locateTaxonomy({ root: folder, trusted: true }, defaultSettings)).toBe(
    path.join(folder, "taxonomy.ttl"),
  );
  expect(await locateTaxonomy({ root: folder, trusted: false }, defaultSettings)).toBeUndefined();
  const settings = { ...defaultSettings, taxonomyPath: "taxonomy.ttl" };
  expect(await locateTaxonomy({ root: folder, trusted: false }, settings)).toBeUndefined();
});

test("the stamp of a model changes with it, and is missing without it", async () => {
  const folder = scratchFolder();
  expect(await modelStamp(folder)).toBeUndefined();
  writeFileSync(path.join(folder, "model.json"), "{}");
  const first = await modelStamp(folder);
  writeFileSync(path.join(folder, "model.json"), '{"a":1}');
  expect(first).toBeDefined();
  expect(await modelStamp(folder)).not.toBe(first);
});
