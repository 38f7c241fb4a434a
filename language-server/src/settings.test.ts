import { expect, test } from "vitest";
import { defaultSettings, isEnabledFor, parseExcludes, parseSettings } from "./settings.ts";

test("no settings at all are the defaults, without a complaint", () => {
  for (const nothing of [undefined, null, {}, [], "x", 3]) {
    expect(parseSettings(nothing)).toEqual({ settings: defaultSettings, problems: [] });
  }
});

test("each setting reaches its field", () => {
  const { settings, problems } = parseSettings({
    suggestions: { enable: { "*": false, markdown: true }, minProbability: 0.3, max: 7, timeBudget: 50 },
    model: { path: " models/a ", cacheMegabytes: 64, unloadAfterMinutes: 0 },
    encoder: { threads: 4 },
    taxonomy: { path: "t.ttl" },
    formats: { keys: ["keywords"], inlineTags: "off" },
  });
  expect(problems).toEqual([]);
  expect(settings).toEqual({
    enabled: { "*": false, markdown: true },
    minProbability: 0.3,
    maxSuggestions: 7,
    timeBudgetMs: 50,
    modelPath: "models/a",
    cacheBytes: 64 * 2 ** 20,
    unloadAfterMs: 0,
    encoderThreads: 4,
    taxonomyPath: "t.ttl",
    tagOptions: { keys: ["keywords"], inlineTags: false },
  });
});

test("a wrong value falls back alone, and is named with what was expected", () => {
  const { settings, problems } = parseSettings({
    suggestions: { max: "many", minProbability: 2 },
    model: { path: "a\0b", cacheMegabytes: 8 },
  });
  expect(settings).toEqual(defaultSettings);
  expect(problems).toEqual([
    "tagwright.suggestions.minProbability: expected a number from 0 to 1, found 2; the default is used",
    'tagwright.suggestions.max: expected a number from 1 to 50, found "many"; the default is used',
    'tagwright.model.path: expected a string, found "a\\u0000b"; the default is used',
    "tagwright.model.cacheMegabytes: expected a number from 16 to 65536, found 8; the default is used",
  ]);
});

test("a language is on unless it, or all others, are switched off", () => {
  const withSwitches = (enabled: Record<string, boolean>) => ({ ...defaultSettings, enabled });
  expect(isEnabledFor(defaultSettings, "markdown")).toBe(true);
  expect(isEnabledFor(withSwitches({ "*": false }), "markdown")).toBe(false);
  expect(isEnabledFor(withSwitches({ "*": false, markdown: true }), "markdown")).toBe(true);
  expect(isEnabledFor(withSwitches({ markdown: false }), "plaintext")).toBe(true);
});

test("what the editor excludes are the globs that are on, and nothing is known where it has no such settings", () => {
  expect(parseExcludes([{ "**/a": true, b: false, c: { when: "x" } }, { d: true }])).toEqual(["**/a", "d"]);
  expect(parseExcludes([{ a: false }, null])).toEqual([]);
  for (const it of [undefined, [], [null, undefined], ["x", 3]]) expect(parseExcludes(it)).toBeUndefined();
});
