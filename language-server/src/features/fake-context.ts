// A document with a caret and a folder with fixed suggestions, for the tests of the features.
import type { Explanation, Suggestion } from "@tagwright/model";
import type { Position } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createAnalyse } from "../analysis.ts";
import type { ConceptInfo, VocabularyEntry } from "../model/worker-messages.ts";
import { defaultSettings, type Settings } from "../settings.ts";
import type { DocumentContext, FeatureFolder } from "./context.ts";

export interface FakeOptions {
  /** Tag to probability, best first. */
  readonly suggestions?: Readonly<Record<string, number>>;
  readonly vocabulary?: readonly VocabularyEntry[];
  readonly concepts?: readonly ConceptInfo[];
  readonly terms?: readonly { readonly term: string; readonly value: number }[];
  readonly embedding?: Pick<Explanation, "embedding" | "read">;
  readonly threshold?: number;
  readonly settings?: Partial<Settings>;
  readonly path?: string;
}

/** `|` in `marked` is the caret. */
export function contextOf(
  marked: string,
  options: FakeOptions = {},
): DocumentContext & { readonly position: Position } {
  const caret = marked.indexOf("|");
  const text = caret < 0 ? marked : marked.slice(0, caret) + marked.slice(caret + 1);
  const uri = `file:///notes/${options.path ?? "note.md"}`;
  const document = TextDocument.create(uri, "markdown", 7, text);
  const folder = folderOf(options);
  const analysis = createAnalyse()(uri, text, folder.settings.tagOptions);
  return { document, analysis, folder, position: document.positionAt(Math.max(0, caret)) };
}

function folderOf({
  suggestions,
  concepts = [],
  vocabulary = [],
  terms,
  embedding = { embedding: 0 },
  threshold = 0.5,
  settings,
}: FakeOptions): FeatureFolder {
  const list = Object.entries(suggestions ?? {}).map(
    ([name, probability]): Suggestion => ({ id: name, name, margin: probability, probability }),
  );
  const info = {
    formatVersion: 1,
    id: "fake",
    createdAt: "2026-01-01T00:00:00Z",
    numLabels: list.length,
    numDocuments: 1,
    numFeatures: 1,
    encoder: "none",
    preset: "fast",
    threshold,
    metrics: {},
  };
  return {
    settings: { ...defaultSettings, ...settings },
    suggest: async () => list,
    suggestMany: async (analyses) => analyses.map(() => list),
    concept: async (tag) => concepts.find((it) => it.tag.toLowerCase() === tag.toLowerCase()),
    vocabulary: async (prefix) => vocabulary.filter((it) => it.tag.startsWith(prefix)),
    model: {
      info: suggestions === undefined ? undefined : info,
      state: { kind: suggestions === undefined ? "none" : "loading" },
      explain: async (_, tag) =>
        suggestions?.[tag] === undefined || terms === undefined
          ? undefined
          : { label: tag, margin: 0, bias: 0, ...embedding, terms, path: [] },
    },
  };
}
