import type { FolderStatus, ModelState } from "@tagwright/language-server/protocol";
import { expect, test } from "vitest";
import { faceOf, startingFace, stoppedFace, type Words } from "./status-face.ts";

const english: Words = {
  t: (message, ...args) => message.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
};
const now = Date.parse("2026-03-10T12:00:00Z");
const face = (state: ModelState, more: Partial<FolderStatus> = {}) =>
  faceOf({ folder: "file:///notes", modelFolder: "/notes/.tags/model", state, busy: false, ...more }, english, now);

const ready = {
  kind: "ready",
  id: "m",
  labels: 64,
  documents: 126,
  createdAt: "2026-03-10T08:00:00Z",
  preset: "fast",
  encoder: "none",
  threshold: 0.5,
  loadMilliseconds: 20,
} as const;
const suggest = { command: "tagwright.suggestDocument", title: "Suggest Tags" };

test("without a model the face counts, and then says the one next step", () => {
  expect(face({ kind: "none" })).toEqual({ text: "No model yet", detail: "Counting tagged documents", busy: true });
  expect(face({ kind: "none", taggedDocuments: 0 })).toEqual({
    text: "No model yet",
    detail: "Tag a few documents, then train on them",
    command: { command: "tagwright.openSample", title: "Open Sample" },
  });
  expect(face({ kind: "none", taggedDocuments: 64 })).toEqual({
    text: "No model yet: train on 64 tagged documents",
    detail: "",
    command: { command: "tagwright.trainModel", title: "Train Model" },
  });
});

test("a model in use shows how many tags it knows, what it learned from, and when", () => {
  expect(face(ready)).toEqual({
    text: "64 tags",
    detail: "learned from 126 documents, today",
    command: suggest,
    busy: false,
  });
  expect(face(ready, { busy: true }).busy).toBe(true);
  const detail = (createdAt: string) => face({ ...ready, createdAt }).detail;
  expect(detail("2026-03-09T08:00:00Z")).toMatch(/, yesterday$/);
  expect(detail("2026-03-01T08:00:00Z")).toMatch(/, 9 days ago$/);
  expect(detail("soon")).toMatch(/, at an unknown time$/);
});

test("a model with an encoder shows it, warms up without a warning, and warns where words alone are left", () => {
  const minilm = { ...ready, encoder: "minilm" };
  expect(face(minilm)).toMatchObject({ detail: "learned from 126 documents, today · with minilm", busy: false });
  const warming = face({ ...minilm, lexical: { loading: true, reason: "the encoder is being loaded" } });
  expect(warming).toMatchObject({
    detail: expect.stringMatching(/ · warming up: from words alone until then$/),
    busy: true,
  });
  expect(warming.severity).toBeUndefined();
  expect(face({ ...minilm, lexical: { loading: false, reason: "no runtime" } })).toMatchObject({
    detail: expect.stringMatching(/ · from words alone: no runtime$/),
    severity: "warning",
  });
});

test("slow answers are a warning with their time", () => {
  expect(face(ready, { slowMilliseconds: 1500 })).toMatchObject({
    text: "64 tags",
    detail: expect.stringMatching(/ · slow: last answer took 1500 ms$/),
    severity: "warning",
  });
});

test("a model that fails, one that waits for trust, one that is loaded and a stopped server have faces of their own", () => {
  expect(face({ kind: "loading" })).toEqual({ text: "Tags: loading the model", detail: "", busy: true });
  expect(face({ kind: "failed", message: "labels.txt: cut short" })).toEqual({
    text: "Tags: the model cannot be used",
    detail: "labels.txt: cut short",
    severity: "error",
    command: { command: "tagwright.trainModel", title: "Train Again" },
  });
  expect(face({ kind: "restricted" })).toEqual({
    text: "Tags: Restricted Mode",
    detail: "A model of this workspace is used once you trust it",
    command: { command: "workbench.trust.manage", title: "Manage Trust" },
  });
  expect(startingFace(english)).toEqual({ text: "Tags: starting", detail: "", busy: true });
  expect(stoppedFace("It ended several times in a row", english)).toEqual({
    text: "Tags: server stopped",
    detail: "It ended several times in a row",
    severity: "error",
    command: { command: "tagwright.restartServer", title: "Restart Server" },
  });
});
