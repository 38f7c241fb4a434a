// What every reader fills: concepts as the file states them, all languages, relations unchecked.
// Turning a draft into concepts is `build.ts`; a reader knows its syntax and nothing else.
import type { TaxonomyLimits } from "./concept.ts";
import { TaxonomyError } from "./errors.ts";

export interface LanguageText {
  readonly value: string;
  /** BCP 47 in lower case; empty where the file names none. */
  readonly language: string;
}

export interface DraftConcept {
  /** Whether the file says that this subject is a concept: labels and relations may come before the type. */
  isConcept: boolean;
  readonly prefLabels: LanguageText[];
  readonly altLabels: LanguageText[];
  readonly hiddenLabels: LanguageText[];
  readonly definitions: LanguageText[];
  readonly broader: string[];
  readonly narrower: string[];
  notation: string | undefined;
  deprecated: boolean;
}

export interface Draft {
  readonly file: string;
  readonly limits: TaxonomyLimits;
  readonly concepts: Map<string, DraftConcept>;
  readonly titles: LanguageText[];
  numLongTexts: number;
}

export function emptyDraft(file: string, limits: TaxonomyLimits): Draft {
  return { file, limits, concepts: new Map(), titles: [], numLongTexts: 0 };
}

/** The entry of `id`, made when missing. @throws TaxonomyError past `maxConcepts`. */
export function draftConcept(draft: Draft, id: string, line?: number): DraftConcept {
  let concept = draft.concepts.get(id);
  if (concept === undefined) {
    if (draft.concepts.size >= draft.limits.maxConcepts) {
      throw new TaxonomyError(
        draft.file,
        line,
        `more than ${draft.limits.maxConcepts} concepts; raise the limit or split the file`,
      );
    }
    concept = {
      isConcept: false,
      prefLabels: [],
      altLabels: [],
      hiddenLabels: [],
      definitions: [],
      broader: [],
      narrower: [],
      notation: undefined,
      deprecated: false,
    };
    draft.concepts.set(id, concept);
  }
  return concept;
}

/** Appends a text in Unicode form C with single spaces; blank and overlong ones are left out. */
export function addText(draft: Draft, texts: LanguageText[], value: string, language: string): void {
  if (value.length > draft.limits.maxTextLength) {
    draft.numLongTexts++;
    return;
  }
  const clean = value.normalize("NFC").replace(/\s+/gu, " ").trim();
  if (clean !== "") texts.push({ value: clean, language: language.toLowerCase() });
}
