// What the other programs' "indexer and train" is here: label features, trees and rankers, from matrices to a folder.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { writeModelFolder } from "@tagwright/model/internals";
import { fitCalibration } from "../../../trainer/src/calibrate/fit-calibration.ts";
import { type Preset, recipeFor } from "../../../trainer/src/config.ts";
import { readyFeatures } from "../../../trainer/src/features/ready-features.ts";
import { learnMembers } from "../../../trainer/src/ranker/learn-members.ts";
import { newWorkerPool } from "../../../trainer/src/ranker/worker-pool.ts";
import { readFeatures, readLabels } from "./matrices.ts";

export interface LearnOptions {
  readonly matrices: string;
  readonly preset: Preset;
  readonly threads: number;
  readonly seed: number;
  readonly out: string;
}

export interface Learnt {
  /** From matrices in memory to a trained ranker, the start of the worker threads included. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** SHA-256 of the weights: the same for any number of threads. */
  readonly digest: string;
}

/** The model has no text features (they are not part of what is compared): it answers `suggestFeatures`. */
export async function learn({ matrices, preset, threads, seed, out }: LearnOptions): Promise<Learnt> {
  const recipe = recipeFor(preset, seed);
  const features = readFeatures(matrices, "X");
  const labels = readLabels(matrices);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const pool = newWorkerPool(threads);
  const progress = { tree: () => undefined, ranker: () => undefined };
  const members = await learnMembers({ features, labels }, recipe, pool, progress);
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  await pool.dispose();

  const { model, vocabulary } = readyFeatures([], features.numCols);
  await writeModelFolder(out, {
    generator: "Tagwright's benchmark",
    createdAt: new Date().toISOString(),
    encoder: "none",
    preset,
    seed: recipe.seed,
    numDocuments: features.numRows,
    tfidf: model,
    vocabulary: vocabulary(),
    members,
    labels: Array.from({ length: labels.numLabels }, (_, label) => String(label)),
    card: "Made by `npm run bench`: features, not texts, go in.\n",
    scoring: { ...recipe.scoring },
    calibration: { ...fitCalibration([]) },
    metrics: {},
    threshold: 0.5,
  });
  return {
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    digest: createHash("sha256")
      .update(readFileSync(path.join(out, "ranker.safetensors")))
      .digest("hex"),
  };
}
