// A corpus and runs for the tests of whole trainings with encoders.
import path from "node:path";
import { readEncoderFolder } from "./encoder/source/read-encoder.ts";
import type { ProgressEvent } from "./progress.ts";
import { newRandom } from "./random.ts";
import { type TrainContext, type TrainOptions, train } from "./train.ts";

/** The folder of a tiny encoder of that family. */
export function tiny(family: "bert" | "distilbert" | "mpnet" | "roberta"): string {
  return path.resolve(import.meta.dirname, `../../test/fixtures/encoders/tiny-${family}`);
}

/** @param scratchFolder makes a folder with these files that is removed after the test. */
export function trainings(scratchFolder: (files?: Record<string, string>) => string) {
  /** Texts of one to three of `numWords` made-up words, 84 at most, tagged with them. */
  function corpus(count: number, numWords = 24): string {
    const random = newRandom(7);
    const words = Array.from({ length: numWords }, (_, i) => `${"bdfgklmnprst"[i % 12]}a${"nrsl"[i % 4]}o${i % 7}`);
    const lines = Array.from({ length: count }, (_, i) => {
      const own = [
        ...new Set(Array.from({ length: 1 + Math.floor(random() * 3) }, () => words[Math.floor(random() * numWords)]!)),
      ];
      return JSON.stringify({ id: `n${i}`, text: `${own.join(" the ")} and ${own[0]}`, labels: own });
    });
    return path.join(scratchFolder({ "notes.jsonl": `${lines.join("\n")}\n` }), "notes.jsonl");
  }

  /** Trains a model with a tiny encoder unless `options` say otherwise. */
  async function trainOn(
    options: Partial<TrainOptions> = {},
    onEvent?: (event: ProgressEvent) => void,
    context: Omit<TrainContext, "onProgress"> = {},
  ) {
    const out = options.out ?? path.join(scratchFolder(), "model");
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent) => {
      events.push(event);
      onEvent?.(event);
    };
    const encoder = options.encoder ?? (await readEncoderFolder(tiny("bert")));
    const given = {
      corpus: corpus(160),
      preset: "fast",
      features: "words",
      threads: 2,
      engine: "cpu",
      ...options,
    } as const;
    await train({ ...given, out, encoder }, { onProgress, ...context });
    return { out, events };
  }

  return { corpus, trainOn };
}
