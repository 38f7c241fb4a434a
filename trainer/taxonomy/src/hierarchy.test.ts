import fc from "fast-check";
import { expect, test } from "vitest";
import type { Concept } from "./concept.ts";
import { conceptsOnCycles, pathTo } from "./hierarchy.ts";

const maxConcepts = 9;

/** Any broader relation at all among a few concepts: several parents, cycles, islands. */
const hierarchy = fc
  .array(fc.uniqueArray(fc.nat(maxConcepts - 1), { maxLength: 3 }), { minLength: 1, maxLength: maxConcepts })
  .map((parents) => {
    const concepts = parents.map((it, index): Concept => {
      const broader = it.filter((parent) => parent !== index && parent < parents.length).map(String);
      return { ...nameless, id: String(index), prefLabel: `concept ${index}`, broader };
    });
    return { concepts, get: (id: string) => concepts[Number(id)] };
  });

const nameless = {
  altLabels: [],
  hiddenLabels: [],
  definition: undefined,
  narrower: [],
  deprecated: false,
  notation: undefined,
};

/** distance[i][j]: steps up from i to j, by Floyd and Warshall; Infinity where there is no way. */
function distances(concepts: readonly Concept[]): number[][] {
  const distance = concepts.map((from, i) =>
    concepts.map((to, j) => (i === j ? 0 : from.broader.includes(to.id) ? 1 : Number.POSITIVE_INFINITY)),
  );
  for (let k = 0; k < concepts.length; k++)
    for (let i = 0; i < concepts.length; i++)
      for (let j = 0; j < concepts.length; j++)
        distance[i]![j] = Math.min(distance[i]![j]!, distance[i]![k]! + distance[k]![j]!);
  return distance;
}

test("a path goes down real steps, visits nothing twice, and starts at the nearest top concept there is", () => {
  fc.assert(
    fc.property(hierarchy, ({ concepts, get }) => {
      const distance = distances(concepts);
      for (const concept of concepts) {
        const path = pathTo(concept, get);
        expect(path.at(-1)).toBe(concept);
        expect(new Set(path).size).toBe(path.length);
        for (let i = 1; i < path.length; i++) expect(path[i]!.broader).toContain(path[i - 1]!.id);
        const toTops = concepts.filter((it) => it.broader.length === 0).map((it) => distance[+concept.id]![+it.id]!);
        const nearest = Math.min(...toTops);
        if (Number.isFinite(nearest)) expect(path.length - 1).toBe(nearest);
      }
    }),
  );
});

test("the concepts on cycles are those that can be reached from their own parents", () => {
  fc.assert(
    fc.property(hierarchy, ({ concepts, get }) => {
      const distance = distances(concepts);
      const expected = concepts.filter((it) =>
        it.broader.some((parent) => Number.isFinite(distance[+parent]![+it.id]!)),
      );
      expect(new Set(conceptsOnCycles(concepts, get))).toEqual(new Set(expected));
    }),
  );
});
