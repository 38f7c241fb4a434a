import { expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { fileUri } from "../uris.ts";
import { openTextOf } from "./open-text.ts";

/** As an editor that holds one document under this URI. */
function editor(uri: string) {
  return openTextOf(new Map([[uri, TextDocument.create(uri, "markdown", 1, "unsaved")]]));
}

test.each([
  ["/n/Notes (draft).md", "file:///n/Notes%20%28draft%29.md"],
  ["/n/What's new.md", "file:///n/What%27s%20new.md"],
  ["/n/R&D, C++.md", "file:///n/R%26D%2C%20C%2B%2B.md"],
  ["/n/über.md", "file:///n/%C3%BCber.md"],
  ["/n/plain.md", "file:///n/plain.md"],
])("%s is found open, as VS Code spells its URI", (file, uri) => {
  expect(editor(uri)(fileUri(file))).toBe("unsaved");
});

test("the letter of a drive is the same in either case, the rest of a path is not", () => {
  const openText = editor("file:///c%3A/n/a.md");
  expect(openText("file:///C:/n/a.md")).toBe("unsaved");
  expect(openText("file:///C:/N/a.md")).toBeUndefined();
});

test("what is not open, or not on disk, has no text", () => {
  expect(editor("file:///n/a.md")("file:///n/b.md")).toBeUndefined();
  expect(editor("untitled:Untitled-1")("untitled:Untitled-2")).toBeUndefined();
  expect(editor("untitled:Untitled-1")("untitled:Untitled-1")).toBe("unsaved");
});
