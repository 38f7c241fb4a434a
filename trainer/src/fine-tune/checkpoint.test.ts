import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { ModelWriteError } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test, vi } from "vitest";
import { CheckpointError, hasCheckpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";

const arrays = new Map<string, Float32Array | Uint32Array>([
  ["weights", Float32Array.of(1, -2.5, 3e-20)],
  ["nodes", Uint32Array.of(7, 0xffffffff)],
  ["empty", new Float32Array(0)],
]);
const checkpoint = { fingerprint: "run", position: { level: 1, step: 20 }, arrays };

test("what was saved comes back bit for bit, and only the last one stays", async () => {
  const folder = path.join(scratchFolder(), "model.training");
  expect(await hasCheckpoint(folder)).toBe(false);
  await saveCheckpoint(folder, { ...checkpoint, position: { level: 0, step: 1 } });
  await saveCheckpoint(folder, checkpoint);
  expect(readdirSync(folder)).toEqual(["checkpoint-2"]);
  expect(await loadCheckpoint(folder, "run")).toEqual(checkpoint);
});

test("one that was not finished is passed over, and the one before it is taken", async () => {
  const folder = path.join(scratchFolder(), "model.training");
  await saveCheckpoint(folder, checkpoint);
  mkdirSync(path.join(folder, "checkpoint-2.partial"));
  writeFileSync(path.join(folder, "checkpoint-2.partial", "state.safetensors"), "half");
  expect((await loadCheckpoint(folder, "run"))?.position).toEqual(checkpoint.position);
  await saveCheckpoint(folder, checkpoint);
  expect(readdirSync(folder)).toEqual(["checkpoint-2"]);
});

test("all of a checkpoint is on the disk before it gets its name, and the name before the last one goes", async () => {
  const folder = path.join(scratchFolder(), "model.training");
  await saveCheckpoint(folder, checkpoint);
  const handle = await open(path.join(folder, "checkpoint-1", "position.json"));
  await handle.close();
  const handles = Object.getPrototypeOf(handle) as FileHandle;
  const { sync } = handles;
  const flushed: { what: string; beside: string[] }[] = [];
  const spy = vi.spyOn(handles, "sync").mockImplementation(async function (this: FileHandle) {
    const { ino } = await this.stat({ bigint: true });
    const names = ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })];
    const what = names.find((name) => statSync(path.join(folder, name), { bigint: true }).ino === ino)!;
    flushed.push({ what: what.split(path.sep).join("/"), beside: readdirSync(folder).sort() });
    return sync.call(this);
  });
  try {
    await saveCheckpoint(folder, checkpoint);
  } finally {
    spy.mockRestore();
  }
  const [partial, named] = ["checkpoint-2.partial", "checkpoint-2"];
  const folders = process.platform !== "win32";
  expect(flushed).toEqual([
    { what: `${partial}/state.safetensors`, beside: ["checkpoint-1", partial] },
    { what: `${partial}/position.json`, beside: ["checkpoint-1", partial] },
    // Windows cannot open folders.
    ...(folders ? [{ what: partial, beside: ["checkpoint-1", partial] }] : []),
    ...(folders ? [{ what: "", beside: ["checkpoint-1", named] }] : []),
  ]);
  expect(readdirSync(folder)).toEqual([named]);
});

// Windows has other words for a name that is too long.
test.skipIf(process.platform === "win32")("a disk that refuses it is named with the cure", async () => {
  const saving = saveCheckpoint(path.join(scratchFolder(), "x".repeat(300)), checkpoint);
  await expect(saving).rejects.toThrow(ModelWriteError);
  await expect(saving).rejects.toThrow(
    /x: a checkpoint could not be written \(ENAMETOOLONG\): .*choose a shorter one/u,
  );
});

test("no folder is no checkpoint", async () => {
  expect(await loadCheckpoint(path.join(scratchFolder(), "none"), "run")).toBeUndefined();
});

test("another run's, another version's and a damaged one are refused with the cure", async () => {
  const folder = path.join(scratchFolder(), "model.training");
  const place = await saveCheckpoint(folder, checkpoint);
  await expect(loadCheckpoint(folder, "other")).rejects.toThrow(/another run/u);
  const page = path.join(place, "position.json");
  const text = readFileSync(page, "utf8");
  writeFileSync(page, text.replace('"version": 1', '"version": 99'));
  await expect(loadCheckpoint(folder, "run")).rejects.toThrow(/version 1 expected, 99 found/u);
  writeFileSync(page, "{");
  await expect(loadCheckpoint(folder, "run")).rejects.toThrow(CheckpointError);
  writeFileSync(page, text);
  const state = path.join(place, "state.safetensors");
  const bytes = readFileSync(state);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(state, bytes);
  await expect(loadCheckpoint(folder, "run")).rejects.toThrow(/with --no-resume/u);
  for (const cut of [bytes.length - 4, 100, 3, 0]) {
    writeFileSync(state, bytes.subarray(0, cut));
    await expect(loadCheckpoint(folder, "run")).rejects.toThrow(CheckpointError);
  }
  rmSync(state);
  await expect(loadCheckpoint(folder, "run")).rejects.toThrow(CheckpointError);
});
