import { expect, test } from "vitest";
import { type Preset, recipeFor } from "../config.ts";
import { estimateSeconds } from "./estimate.ts";
import { machineSpeed } from "./machine-speed.ts";

// Processor seconds of whole runs, the ranker's of its two threads halved: corpus, preset, documents, entries, labels,
// assignments, folds, sets of features, seconds. Measured on two cores at 2 GHz.
const measured: [string, Preset, number, number, number, number, number, number, number][] = [
  ["based-cooking", "fast", 279, 62_978, 148, 839, 3, 3, 3.2],
  ["aws-open-data", "fast", 904, 323_297, 427, 5_703, 3, 3, 23.8],
  ["digitalgov", "fast", 1_896, 1_538_107, 59, 5_470, 3, 1, 9.2],
  ["pyvideo", "fast", 3_861, 662_597, 2_251, 10_878, 3, 1, 9],
  ["biotools-edam", "fast", 15_685, 786_004, 791, 81_330, 1, 1, 10.7],
  ["debtags", "fast", 24_318, 2_400_493, 570, 88_274, 1, 1, 16.9],
  ["arxiv-acm", "fast", 13_452, 2_640_196, 404, 28_108, 1, 1, 12.8],
  ["WordNet", "fast", 74_034, 1_468_757, 16_566, 155_013, 1, 1, 11.1],
  ["tibkat-core", "fast", 41_379, 8_467_234, 15_450, 86_523, 1, 1, 49.1],
  ["aws-open-data", "best", 904, 323_297, 427, 5_703, 3, 3, 24.1],
  ["pyvideo", "best", 3_861, 662_597, 2_251, 10_878, 3, 2, 94],
  ["debtags", "best", 24_318, 2_400_493, 570, 88_274, 1, 2, 89.4],
  ["WordNet", "best", 74_034, 1_468_757, 16_566, 155_013, 1, 2, 76.7],
];

test.each(measured)("the estimate for %s with %s is within a factor of 1.55 of what was measured", (...row) => {
  const [, preset, documents, entries, labels, assignments, folds, variants, seconds] = row;
  const plan = { folds: { length: folds }, setAside: false };
  const size = { documents, entries, labels, assignments };
  const estimate = estimateSeconds(size, recipeFor(preset, 0), plan, 2, variants);
  expect(estimate / seconds).toBeGreaterThan(1 / 1.55);
  expect(estimate / seconds).toBeLessThan(1.55);
});

test("more documents, labels or fewer threads never take less", () => {
  const size = { documents: 1000, entries: 100_000, labels: 500, assignments: 4000 };
  const plan = { folds: { length: 3 }, setAside: false };
  const take = (more: Partial<typeof size>, threads = 4) =>
    estimateSeconds({ ...size, ...more }, recipeFor("fast", 0), plan, threads, 1);
  expect(take({ entries: 200_000 })).toBeGreaterThan(take({}));
  expect(take({ assignments: 9000 })).toBeGreaterThan(take({}));
  expect(take({ labels: 5000 })).toBeGreaterThan(take({}));
  expect(take({}, 1)).toBeGreaterThan(take({}, 2));
});

test("a corpus without anything to learn takes a finite time all the same", () => {
  const size = { documents: 0, entries: 0, labels: 1, assignments: 0 };
  const estimate = estimateSeconds(size, recipeFor("fast", 0), { folds: [], setAside: false }, 0, 1);
  expect(estimate).toBeGreaterThan(0);
  expect(Number.isFinite(estimate)).toBe(true);
});

test("this machine has some speed, within bounds", () => {
  const speed = machineSpeed();
  expect(speed).toBeGreaterThanOrEqual(0.25);
  expect(speed).toBeLessThanOrEqual(4);
});
