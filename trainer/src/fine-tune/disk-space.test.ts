import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { checkDiskSpace, DiskSpaceError } from "./disk-space.ts";

const free = (mebibytes: number | undefined) => async () => mebibytes && mebibytes * 2 ** 20;

test("a run that will not fit is refused with what it takes, what is there and the cure", async () => {
  const out = path.join(scratchFolder(), "model");
  await checkDiskSpace(out, 300 * 2 ** 20, free(300));
  const refused = checkDiskSpace(out, 1500 * 2 ** 20, free(300));
  await expect(refused).rejects.toThrow(DiskSpaceError);
  await expect(refused).rejects.toThrow(/about 1,500 MiB of .* expected, 300 MiB found; make room, .*--out/u);
});

test("what a run that was cut off has left counts as room: it is written over", async () => {
  const folder = scratchFolder({ "model.training/checkpoint-3/state.safetensors": new Uint8Array(2 ** 20) });
  const out = path.join(folder, "model");
  await checkDiskSpace(out, 3 * 2 ** 20, free(2));
  await expect(checkDiskSpace(out, 3.5 * 2 ** 20, free(2))).rejects.toThrow(DiskSpaceError);
});

test("a disk that does not say how much is free refuses nothing, and a folder that is to be made is on its parent's", async () => {
  const out = path.join(scratchFolder(), "not", "there", "yet");
  await checkDiskSpace(out, 2 ** 60, free(undefined));
  await checkDiskSpace(out, 1);
  await expect(checkDiskSpace(out, 2 ** 60)).rejects.toThrow(DiskSpaceError);
});
