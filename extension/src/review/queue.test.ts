import fc from "fast-check";
import { expect, test } from "vitest";
import { ReviewQueue } from "./queue.ts";

const suggestion = (tag: string, probability: number) => ({ tag, probability });

function filled(): ReviewQueue {
  const queue = new ReviewQueue();
  queue.add(
    [
      {
        uri: "file:///b.md",
        target: "file:///b.md",
        suggestions: [suggestion("likely", 0.6), suggestion("sure", 0.9)],
      },
      { uri: "file:///a.md", target: "file:///a.md", suggestions: [suggestion("surest", 0.95)] },
    ],
    0.8,
  );
  return queue;
}

test("documents stand by their surest tag, tags by confidence, and only sure ones come checked", () => {
  expect(filled().documents).toEqual([
    { uri: "file:///a.md", target: "file:///a.md", tags: [{ tag: "surest", probability: 0.95, checked: true }] },
    {
      uri: "file:///b.md",
      target: "file:///b.md",
      tags: [
        { tag: "sure", probability: 0.9, checked: true },
        { tag: "likely", probability: 0.6, checked: false },
      ],
    },
  ]);
});

test("what is chosen is exactly what is checked", () => {
  const queue = filled();
  queue.check(true, "file:///b.md", "likely");
  queue.check(false, "file:///a.md");
  expect(queue.chosen).toEqual([{ uri: "file:///b.md", target: "file:///b.md", add: ["sure", "likely"] }]);
  queue.check(false);
  expect(queue.chosen).toEqual([]);
});

test("a document without tags left is out of the queue", () => {
  const queue = filled();
  queue.remove("file:///b.md", "sure");
  expect(queue.find("file:///b.md")?.tags.map((it) => it.tag)).toEqual(["likely"]);
  queue.remove("file:///b.md", "likely");
  queue.remove("file:///a.md");
  expect(queue.counts).toEqual({ documents: 0, tags: 0, checked: 0 });
});

test("a document that is suggested for again replaces its old suggestions", () => {
  const queue = filled();
  queue.add([{ uri: "file:///a.md", target: "file:///a.md", suggestions: [suggestion("other", 0.1)] }], 0.8);
  queue.add([{ uri: "file:///b.md", target: "file:///b.md", suggestions: [] }], 0.8);
  expect(queue.documents.map((it) => [it.uri, it.tags.length])).toEqual([["file:///a.md", 1]]);
});

test("streamed in any portions, the queue is the same", () => {
  const documents = fc.uniqueArray(
    fc.record({
      uri: fc.integer({ min: 0, max: 99 }).map((it) => `file:///${it}.md`),
      target: fc.constant("file:///target"),
      suggestions: fc.array(
        fc.integer({ min: 1, max: 99 }).map((it) => suggestion(`t${it}`, it / 100)),
        { maxLength: 4 },
      ),
    }),
    { selector: (it) => it.uri, maxLength: 30 },
  );
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 7 }), (all, portion) => {
      const once = new ReviewQueue();
      once.add(all, 0.5);
      const streamed = new ReviewQueue();
      for (let at = 0; at < all.length; at += portion) streamed.add(all.slice(at, at + portion), 0.5);
      expect(streamed.documents).toEqual(once.documents);
    }),
  );
});
