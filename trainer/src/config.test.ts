import { expect, test } from "vitest";
import { recipeFor } from "./config.ts";

test("matched negatives and induced relevance are asked for, and change nothing else of a recipe", () => {
  for (const preset of ["fast", "best"] as const) {
    for (const loss of ["squared-hinge", "logistic"] as const) {
      const plain = recipeFor(preset, 1, { loss });
      expect(plain.ranker).toMatchObject({ matched: 0, induceRelevance: false });
      expect(recipeFor(preset, 1, { loss, negatives: "tfn", induceRelevance: false })).toEqual(plain);
      expect(recipeFor(preset, 1, { loss, negatives: "tfn+man", induceRelevance: true })).toEqual({
        ...plain,
        ranker: { ...plain.ranker, matched: plain.scoring.beam, induceRelevance: true },
      });
    }
  }
});
