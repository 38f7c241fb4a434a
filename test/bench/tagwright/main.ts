// One step of the benchmark in a process of its own, so that its peak memory is its own. Prints one JSON object.
// Usage: node bench.cjs <step> '<options as JSON>'
import { train } from "@tagwright/trainer";
import { exportMatrices } from "./export.ts";
import { learn } from "./learn.ts";
import { timePadding } from "./padding.ts";
import { evaluatePooled } from "./pooled.ts";
import { predict, timeOpening } from "./predict.ts";
import { score } from "./score.ts";
import { timeEncoder } from "./speed.ts";
import { timeSuggestions } from "./suggestion.ts";

type TrainOptions = Parameters<typeof train>[0];

async function run(step: string | undefined, options: string): Promise<unknown> {
  switch (step) {
    case "export":
      return exportMatrices(JSON.parse(options));
    case "learn":
      return learn(JSON.parse(options));
    case "predict":
      return predict(JSON.parse(options));
    case "score": {
      const { matrices, suggestions } = JSON.parse(options);
      return score(matrices, suggestions);
    }
    case "pooled":
      return evaluatePooled(JSON.parse(options));
    case "train":
      return trainWhole(JSON.parse(options));
    case "suggestion":
      return timeSuggestions(JSON.parse(options));
    case "speed":
      return timeEncoder(JSON.parse(options));
    case "padding":
      return timePadding(JSON.parse(options));
    case "open":
      return timeOpening(JSON.parse(options).model);
    default:
      throw new Error(`bench: there is no step "${step}"`);
  }
}

/** `tagwright train`: reading, TF-IDF, calibration and writing included. */
async function trainWhole(options: TrainOptions) {
  const start = performance.now();
  await train(options, { onProgress: () => undefined });
  return {
    seconds: (performance.now() - start) / 1000,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

run(process.argv[2], process.argv[3] ?? "{}").then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`),
  (error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);
