import { expect, test } from "vitest";
import { LruCache } from "./lru-cache.ts";

test("what was not asked for longest is forgotten first", () => {
  const cache = new LruCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
});

test("values are weighed, one under the same key counts once, and the newest stays however heavy it is", () => {
  const cache = new LruCache<number>(10, (it) => it);
  cache.set("a", 4);
  cache.set("a", 5);
  cache.set("b", 5);
  expect([cache.get("a"), cache.get("b")]).toEqual([5, 5]);
  cache.set("c", 1);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([undefined, 5, 1]);
  cache.set("d", 11);
  expect([cache.get("b"), cache.get("c"), cache.get("d")]).toEqual([undefined, undefined, 11]);
  cache.set("e", 10);
  expect([cache.get("d"), cache.get("e")]).toEqual([undefined, 10]);
});
