// Text edits: apply, invert, tidy.
// Invariant: edits of one plan never overlap; offsets refer to the text before any of them.
import type { TextEdit } from "./tag-location.ts";

/**
 * `text` after all `edits`, given in any order.
 * @throws RangeError if an edit reaches outside of the text or two edits overlap.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const edit of inOrder(text, edits)) {
    parts.push(text.slice(done, edit.start), edit.newText);
    done = edit.end;
  }
  parts.push(text.slice(done));
  return parts.join("");
}

/**
 * The edits that turn `applyEdits(text, edits)` back into `text`, byte for byte; their offsets refer to the new text.
 * @throws RangeError as `applyEdits`.
 */
export function invertEdits(text: string, edits: readonly TextEdit[]): TextEdit[] {
  let shift = 0;
  return inOrder(text, edits).map(({ start, end, newText }) => {
    const inverse = { start: start + shift, end: start + shift + newText.length, newText: text.slice(start, end) };
    shift += newText.length - (end - start);
    return inverse;
  });
}

/** The same change in ascending order, with edits that touch each other merged and empty ones left out. */
export function mergeEdits(edits: readonly TextEdit[]): TextEdit[] {
  const merged: TextEdit[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = merged.at(-1);
    if (last !== undefined && last.end === edit.start) {
      merged[merged.length - 1] = { start: last.start, end: edit.end, newText: last.newText + edit.newText };
    } else if (edit.end > edit.start || edit.newText !== "") {
      merged.push(edit);
    }
  }
  return merged;
}

function inOrder(text: string, edits: readonly TextEdit[]): TextEdit[] {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let done = 0;
  for (const { start, end } of sorted) {
    if (!(start >= done && end >= start && end <= text.length)) {
      throw new RangeError(
        `applyEdits: edit ${start}..${end} overlaps the one before or leaves the ${text.length} characters of the text`,
      );
    }
    done = end;
  }
  return sorted;
}
