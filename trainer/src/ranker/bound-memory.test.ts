import { readdirSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { MemoryLimitError } from "../memory-limit.ts";
import { tiny, trainings } from "../test-data.ts";

const { corpus, trainOn } = trainings(scratchFolder);

test.each([
  ["words", async () => []],
  ["words and an encoder", () => readEncoderFolder(tiny("bert"))],
] as const)(
  "a ranker on %s that takes more memory than it may is stopped, and the model that is there stays",
  async (_, encoder) => {
    const out = path.join(scratchFolder(), "model");
    const given = { corpus: corpus(60), out, encoder: await encoder(), freeze: true } as const;
    await trainOn(given);
    const before = readdirSync(out);
    // What other parts of the process hold counts, too.
    const held = new Uint8Array(2 ** 30).fill(1);
    const stopped = trainOn({ ...given, memoryLimit: 1000, resume: false });
    await expect(stopped).rejects.toThrow(MemoryLimitError);
    await expect(stopped).rejects.toThrow(
      /: at most 1,000 MiB of memory expected, [\d,]+ MiB in use; raise --memory-limit/u,
    );
    expect(held.length).toBe(2 ** 30);
    expect(readdirSync(out)).toEqual(before);
    await trainOn(given);
  },
  60_000,
);
