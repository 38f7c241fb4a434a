import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatJournal,
  journalEntry,
  journalName,
  lastJournalName,
  parseJournal,
  planRevert,
  retiredName,
} from "./journal.ts";

const original = "---\ntitle: A slow loaf\ntags: [baking]\n---\nFlour and time.\n";
const changed = original.replace("[baking]", "[baking, sourdough]");
const at = original.indexOf("]");
const entry = journalEntry("notes/loaf.md", original, [{ start: at, end: at, newText: ", sourdough" }], ["sourdough"]);

function revert(text: string): string | { readonly kind: string } {
  const plan = planRevert(text, entry);
  if (plan.kind !== "edits") return plan;
  return [...plan.edits]
    .reverse()
    .reduce((it, { start, end, newText }) => it.slice(0, start) + newText + it.slice(end), text);
}

test("a file as the batch left it comes back byte for byte", () => {
  expect(revert(changed)).toBe(original);
});

test("a file that was reverted by hand has nothing to take back", () => {
  expect(revert(original)).toEqual({ kind: "done" });
});

test("text written elsewhere since stays, and the tags still go", () => {
  const edited = changed.replace("A slow loaf", "A very slow loaf indeed").replace("time.", "time, and salt.");
  expect(revert(edited)).toBe(
    original.replace("A slow loaf", "A very slow loaf indeed").replace("time.", "time, and salt."),
  );
});

test("lines after the list may have changed", () => {
  const edited = changed.replace("]\n---", "]\ndraft: true\n---");
  expect(revert(edited)).toBe(original.replace("]\n---", "]\ndraft: true\n---"));
});

test("tags that were edited since are a conflict and stay", () => {
  expect(revert(changed.replace("sourdough", "rye"))).toMatchObject({ kind: "conflict" });
});

test("a place that is there twice is a conflict: nothing is guessed", () => {
  expect(revert(changed + changed)).toMatchObject({ kind: "conflict" });
});

test("whatever is typed around the list, a revert never changes anything but the tags of the batch", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const plan = planRevert(before + changed + after, entry);
      if (plan.kind !== "edits") return;
      for (const { start, end } of plan.edits) expect((before + changed + after).slice(start, end)).toBe(", sourdough");
    }),
  );
});

test("a file that the batch made goes, unless somebody wrote in it", () => {
  const made = { ...entry, created: true };
  expect(planRevert(changed, made)).toEqual({ kind: "delete" });
  expect(planRevert(`${changed}more`, made)).toMatchObject({ kind: "conflict" });
});

test("journals sort by time", () => {
  expect(journalName({ createdAt: "2026-11-22T02:16:20.123Z" })).toBe("2026-11-22T02-16-20-123Z.json");
});

test("two batches of one moment get two names, and the newest that was not reverted is the last", () => {
  const batch = { createdAt: "2026-11-22T02:16:20.123Z" };
  const first = journalName(batch);
  const second = journalName(batch, [first]);
  expect(journalName(batch, [retiredName(first)])).toBe(second);
  expect(lastJournalName([".gitignore", second, first])).toBe(second);
  expect(lastJournalName([first, retiredName(second)])).toBe(first);
  expect(lastJournalName([retiredName(first), ".gitignore"])).toBeUndefined();
});

test("a journal whose edits do not lead back is a conflict, wherever they point", () => {
  const [edit] = entry.inverse;
  for (const wrong of [{ newText: "x" }, { end: edit!.end - 1 }, { start: 9999, end: 9999 }]) {
    const damaged = { ...entry, inverse: [{ ...edit!, ...wrong }] };
    expect(planRevert(changed, damaged)).toMatchObject({ kind: "conflict" });
  }
  expect(planRevert(changed, { ...entry, inverse: [edit!, edit!] })).toMatchObject({ kind: "conflict" });
});

test("a journal reads back as it was written", () => {
  const journal = { version: 1 as const, createdAt: "2026-01-01T00:00:00.000Z", modelId: "", files: [entry] };
  expect(parseJournal(formatJournal(journal), "a.json")).toEqual(journal);
});

const good = { version: 1, createdAt: "", modelId: "", files: [entry] };
test.each([
  ["no JSON", "{", /expected JSON/],
  ["a later version", JSON.stringify({ ...good, version: 2 }), /expected version 1/],
  ["no files", JSON.stringify({ ...good, files: undefined }), /expected a list of files/],
  [
    "a path out of the folder",
    JSON.stringify({ ...good, files: [{ ...entry, path: "../../etc/passwd" }] }),
    /a list of/,
  ],
  ["an absolute path", JSON.stringify({ ...good, files: [{ ...entry, path: "/etc/passwd" }] }), /a list of/],
  ["a drive letter", JSON.stringify({ ...good, files: [{ ...entry, path: "c:/x" }] }), /a list of/],
  [
    "edits that run backwards",
    JSON.stringify({ ...good, files: [{ ...entry, inverse: [{ ...entry.inverse[0], start: 9, end: 2 }] }] }),
    /a list of/,
  ],
])("a journal with %s is refused with its name", (_, json, message) => {
  expect(() => parseJournal(json, "bad.json")).toThrow(message);
  expect(() => parseJournal(json, "bad.json")).toThrow(/^bad\.json: /);
});
