import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { EngineError } from "./engine.ts";
import { findTfjsPackage, openTfjsEngine, restoreRemovedUtilities } from "./tfjs-package.ts";

test("what Node.js removed from its utilities comes back, and nothing that is there changes", () => {
  const own = () => "own";
  const util: Record<string, unknown> = { inspect: own, isArray: own };
  restoreRemovedUtilities(util);
  expect(util["isArray"]).toBe(own);
  const isNullOrUndefined = util["isNullOrUndefined"] as (value: unknown) => boolean;
  expect([null, undefined, 0, "", false].map(isNullOrUndefined)).toEqual([true, true, false, false, false]);
});

test("a package that is not there, or does not load, is an error that says what to do", async () => {
  const name = "node_modules/@tensorflow/tfjs-node-gpu";
  const broken = scratchFolder({
    [`${name}/package.json`]: '{"version": "4.22.0", "main": "index.js"}',
    [`${name}/index.js`]: 'throw new Error("no binding");',
  });
  const [none, one] = [[path.join(scratchFolder(), "package.json")], [path.join(broken, "package.json")]];
  expect(findTfjsPackage(none)).toBeUndefined();
  await expect(openTfjsEngine(none)).rejects.toThrow(/not installed; install it with: npm install --prefix/u);
  expect(findTfjsPackage(one)).toMatchObject({ version: "4.22.0", folder: path.join(broken, name) });
  await expect(openTfjsEngine(one)).rejects.toThrow(EngineError);
  await expect(openTfjsEngine(one)).rejects.toThrow(/does not load: no binding; CONTRIBUTING\.md/u);
});
