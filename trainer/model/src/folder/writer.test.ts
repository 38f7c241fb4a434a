import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ModelBusyError, ModelFolderError, ModelWriteError } from "../errors.ts";
import type { ModelContent } from "./content.ts";
import { exampleModel, inTemporaryFolder, newTemporaryFolder, smallShape } from "./example-model.ts";
import { openModelFolder } from "./reader.ts";
import { restorePrevious, swapIn } from "./swap.ts";
import { verifyModelFolder } from "./verify.ts";
import { lockModelFolder, type WriteOptions, writeModelFolder } from "./writer.ts";

const posix = process.platform !== "win32";
let scratch: string;
let program: string;

/** A program of its own: `write <target> <seed> <features>` or `lock <target>`, which waits until it is killed. */
const source = `
  import { exampleModel, smallShape } from "./example-model.ts";
  import { lockModelFolder, writeModelFolder } from "./writer.ts";
  const [command, target, seed, features] = process.argv.slice(2);
  const wait = () => setInterval(() => {}, 1000);
  if (command === "lock") {
    await lockModelFolder(target);
    console.log("locked");
    wait();
  } else {
    const { content } = exampleModel({ ...smallShape, seed: Number(seed), blocks: [Number(features)] });
    const vocabulary = { *[Symbol.iterator]() {
      for (const term of content.vocabulary) yield term;
      if (command === "stall") { console.log("writing"); wait(); for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }
    } };
    await writeModelFolder(target, { ...content, vocabulary }).catch((error) => { console.log(error.name, error.message); });
  }
`;

beforeAll(async () => {
  scratch = newTemporaryFolder();
  program = path.join(scratch, "program.mjs");
  const stdin = { contents: source, resolveDir: path.dirname(fileURLToPath(import.meta.url)), loader: "ts" as const };
  await build({ stdin, outfile: program, bundle: true, platform: "node", format: "esm", target: "node20" });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function contentOf(seed: number): ModelContent {
  return exampleModel({ ...smallShape, seed }).content;
}

async function seedOf(folder: string): Promise<number> {
  await verifyModelFolder(folder);
  const { manifest, dispose } = await openModelFolder(folder);
  dispose();
  return manifest.seed;
}

/** Starts the program and waits for its first line. */
async function start(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", () => reject(new Error("the program ended early")));
  });
  child.removeAllListeners("exit");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** A disk with room for `bytes`. */
function fullDisk(bytes: number, code = "ENOSPC"): Pick<WriteOptions, "openFile"> {
  let left = bytes;
  return {
    openFile: async (place) => {
      const handle = await open(place, "wx");
      const write = handle.write.bind(handle) as (buffer: Uint8Array, at: number, length: number) => Promise<object>;
      const limited = async (buffer: Uint8Array, at: number, length: number) => {
        if (left <= 0) throw Object.assign(new Error(`${code}: no room`), { code });
        const result = await write(buffer, at, Math.min(length, left));
        left -= length;
        return result;
      };
      return Object.assign(handle, { write: limited });
    },
  };
}

test("a new model takes the old one's place, the old one is kept, the one before it goes", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "deep", "model");
    for (const seed of [1, 2, 3]) await writeModelFolder(target, contentOf(seed));
    expect(readdirSync(path.dirname(target)).sort()).toEqual(["model", "model.previous"]);
    expect([await seedOf(target), await seedOf(`${target}.previous`)]).toEqual([3, 2]);
  });
});

test("going back swaps the two models, and going back again swaps them again", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    await expect(restorePrevious(target)).rejects.toThrow(/there is nothing to go back to/);
    await writeModelFolder(target, contentOf(2));
    await restorePrevious(target);
    expect([await seedOf(target), await seedOf(`${target}.previous`)]).toEqual([1, 2]);
    await restorePrevious(target);
    expect([await seedOf(target), await seedOf(`${target}.previous`)]).toEqual([2, 1]);
    expect(readdirSync(folder).sort()).toEqual(["model", "model.previous"]);
  });
});

test("a model that is open stays readable while a new one takes its place", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    const { content, chunks } = exampleModel();
    await writeModelFolder(target, content);
    const model = await openModelFolder(target);
    if (posix) await writeModelFolder(target, contentOf(2));
    expect(model.members[0]!.ranker.levels[1]!.chunk(1)).toMatchObject(chunks[0]![1]![1]);
    expect(model.vocabulary.term(3)).toBe("term 3");
    model.dispose();
  });
});

test("a model that keeps no file open, as on Windows, says when a newer one took its place", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    const { content, chunks } = exampleModel();
    await writeModelFolder(target, content);
    const model = await openModelFolder(target, { keepOpen: false, cacheBytes: 0 });
    const level = model.members[0]!.ranker.levels[1]!;
    expect(level.chunk(1)).toMatchObject(chunks[0]![1]![1]);
    expect(model.vocabulary.term(3)).toBe("term 3");
    await writeModelFolder(target, contentOf(2));
    expect(() => level.chunk(1)).toThrow(/expected the file that was opened, found a newer one; open the model again/);
    expect(() => model.vocabulary.term(4)).toThrow(ModelFolderError);
    model.dispose();
  });
});

test("a swap that fails half way is undone", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    for (const seed of [1, 2]) await writeModelFolder(target, contentOf(seed));
    await expect(swapIn(path.join(folder, "gone"), target)).rejects.toThrow(/ENOENT/);
    expect(readdirSync(folder).sort()).toEqual(["model", "model.previous"]);
    expect([await seedOf(target), await seedOf(`${target}.previous`)]).toEqual([2, 1]);
  });
});

test("a disk that fills up at any moment leaves the old model and nothing else", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    const names = readdirSync(target);
    const size = names.reduce((total, name) => total + readFileSync(path.join(target, name)).length, 0);
    for (let room = 0; room < size; room += Math.ceil(size / 12)) {
      const error = await writeModelFolder(target, contentOf(2), fullDisk(room)).catch((it) => it);
      expect(error).toBeInstanceOf(ModelWriteError);
      expect(error.message).toMatch(/\(ENOSPC\): the disk is full; free some space/);
      expect(readdirSync(folder)).toEqual(["model"]);
    }
    expect(await seedOf(target)).toBe(1);
    await writeModelFolder(target, contentOf(2), fullDisk(size + 100));
    expect(await seedOf(target)).toBe(2);
  });
});

test.runIf(posix)("a real limit of the system on file sizes leaves the old model", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    const command = `ulimit -f 20; "${process.execPath}" "${program}" write "${target}" 2 90000`;
    const { stdout } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    expect(stdout).toMatch(/^ModelWriteError .*\(EFBIG\): a file would be larger than allowed/);
    expect(readdirSync(folder)).toEqual(["model"]);
    expect(await seedOf(target)).toBe(1);
  });
});

test.runIf(posix && process.getuid?.() !== 0)(
  "a folder that cannot be written is known when it is locked",
  async () => {
    await inTemporaryFolder(async (folder) => {
      chmodSync(folder, 0o500);
      await expect(lockModelFolder(path.join(folder, "model"))).rejects.toThrow(ModelWriteError);
      chmodSync(folder, 0o700);
    });
  },
);

test("cancelling at any moment leaves the old model and nothing else", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    for (let moment = 1; moment <= 7; moment++) {
      const abort = new AbortController();
      let count = 0;
      const options = {
        signal: abort.signal,
        onProgress: () => {
          if (++count === moment) abort.abort(new Error("stop"));
        },
      };
      await expect(writeModelFolder(target, contentOf(2), options)).rejects.toThrow("stop");
      expect(readdirSync(folder)).toEqual(["model"]);
    }
    expect(await seedOf(target)).toBe(1);
  });
});

test("progress rises to its total", async () => {
  await inTemporaryFolder(async (folder) => {
    const seen: [bytes: number, total: number][] = [];
    await writeModelFolder(path.join(folder, "model"), contentOf(1), { onProgress: (...it) => seen.push(it) });
    expect(seen.map(([bytes]) => bytes)).toEqual(seen.map(([bytes]) => bytes).sort((a, b) => a - b));
    expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
  });
});

test("a process that dies in mid-write leaves the old model, and the next write tidies up", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    await kill(await start("stall", target, "2", "12"));
    expect(readdirSync(folder)).toHaveLength(2);
    expect(await seedOf(target)).toBe(1);
    await writeModelFolder(target, contentOf(3));
    expect(readdirSync(folder).sort()).toEqual(["model", "model.previous"]);
    expect(await seedOf(target)).toBe(3);
  });
});

test("a process that dies between two renames: opening says what to do, the next training puts the model back", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await writeModelFolder(target, contentOf(1));
    renameSync(target, `${target}.previous`);
    await expect(openModelFolder(target)).rejects.toThrow(/a swap was interrupted: rename ".*model\.previous" to/);
    const release = await lockModelFolder(target);
    await release();
    expect(await seedOf(target)).toBe(1);
  });
});

test("a partial folder of a living process is left alone", async () => {
  await inTemporaryFolder(async (folder) => {
    const other = `model.partial-${process.ppid}-abc`;
    const unrelated = ["model.partial-x", "model.partial-0-a", "model2.partial-999999999-a"];
    for (const name of [other, ...unrelated]) mkdirSync(path.join(folder, name));
    await writeModelFolder(path.join(folder, "model"), contentOf(1));
    expect(readdirSync(folder)).toEqual(expect.arrayContaining([other, ...unrelated]));
  });
});

test("a folder or file of something else is never replaced", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, "file");
    const notes = path.join(folder, "notes");
    const model = path.join(folder, "model");
    writeFileSync(file, "mine");
    mkdirSync(notes);
    writeFileSync(path.join(notes, "a.md"), "mine");
    mkdirSync(`${model}.previous`);
    writeFileSync(path.join(`${model}.previous`, "b.md"), "mine");
    for (const target of [file, notes, model]) {
      const error = await writeModelFolder(target, contentOf(1)).catch((it) => it);
      expect(error).toBeInstanceOf(ModelFolderError);
      expect(error.message).toMatch(/expected a model folder, an empty folder or nothing/);
      await expect(lockModelFolder(target)).rejects.toThrow(ModelFolderError);
    }
    expect(readdirSync(folder).sort()).toEqual(["file", "model.previous", "notes"]);
    expect(readFileSync(path.join(notes, "a.md"), "utf8")).toBe("mine");
  });
});

test("an empty folder becomes the model", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeModelFolder(folder, contentOf(1));
    expect(await seedOf(folder)).toBe(1);
    expect(existsSync(`${folder}.previous`)).toBe(false);
  });
});

test.runIf(posix)("through a link the model behind it is replaced, and the link stays", async () => {
  await inTemporaryFolder(async (folder) => {
    const real = path.join(folder, "real");
    const link = path.join(folder, "link");
    await writeModelFolder(real, contentOf(1));
    symlinkSync(real, link);
    await writeModelFolder(link, contentOf(2));
    expect(await seedOf(real)).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(["link", "real", "real.previous"]);
  });
});

test("two trainings cannot write one folder at once: the second is told who holds it", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    const child = await start("lock", target);
    const since = /since \d{4}-\d\d-\d\dT/;
    const error = await lockModelFolder(target).catch((it) => it);
    expect(error).toBeInstanceOf(ModelBusyError);
    expect(error.message).toContain(`another training writes this folder (process ${child.pid} on `);
    expect(error.message).toMatch(since);
    await expect(restorePrevious(target)).rejects.toThrow(ModelBusyError);
    await kill(child);
    const release = await lockModelFolder(target);
    await expect(lockModelFolder(target)).rejects.toThrow(ModelBusyError);
    await release();
    await release();
    await (await lockModelFolder(target))();
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("of many that take over a dead process's lock at once exactly one succeeds", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    await kill(await start("lock", target));
    const left = readFileSync(`${target}.lock`);
    for (let round = 0; round < 20; round++) {
      writeFileSync(`${target}.lock`, left);
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockModelFolder(target)));
      const refused = tries.filter((it) => it.status === "rejected").map((it) => it.reason);
      expect(refused).toHaveLength(7);
      for (const reason of refused) expect(reason).toBeInstanceOf(ModelBusyError);
    }
    expect(readdirSync(folder)).toEqual(["model.lock"]);
  });
});

test.each([
  ["from before the machine started", { since: "2001-01-01T00:00:00.000Z" }, false],
  ["of another machine", { host: "elsewhere" }, true],
  ["of a process whose number another one has by now", { started: "long ago" }, !posix],
])("a lock %s", async (_, change, holds) => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    const release = await lockModelFolder(target);
    const owner = JSON.parse(readFileSync(`${target}.lock`, "utf8"));
    writeFileSync(`${target}.lock`, JSON.stringify({ ...owner, token: "other", ...change }));
    const again = lockModelFolder(target);
    await (holds ? expect(again).rejects.toThrow(ModelBusyError) : expect(again).resolves.toBeTypeOf("function"));
    await release();
    expect(existsSync(`${target}.lock`)).toBe(true);
  });
});

test("a lock that is being written holds; one that was never written does not hold for ever", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    writeFileSync(`${target}.lock`, "");
    await expect(lockModelFolder(target)).rejects.toThrow(ModelBusyError);
    const old = new Date(Date.now() - 60_000);
    const handle = await open(`${target}.lock`, "r+");
    await handle.utimes(old, old);
    await handle.close();
    await (await lockModelFolder(target))();
  });
});
