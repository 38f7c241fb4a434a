// `tagwright encoder`, run as a person would, without a network.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { tagwright } from "./command-line.ts";

const home = mkdtempSync(path.join(os.tmpdir(), "tagwright-home-"));
process.env["TAGWRIGHT_HOME"] = home;
afterAll(() => rmSync(home, { recursive: true, force: true }));

const tiny = path.resolve(import.meta.dirname, "../fixtures/encoders/tiny-xlm-roberta");

test("a folder is checked, in words and as JSON", async () => {
  const words = await tagwright(["encoder", "check", tiny]);
  expect([words.code, words.stderr]).toEqual([0, ""]);
  expect(words.stdout).toContain(
    "tiny-xlm-roberta is sound.\nNetwork    roberta, 2 layers, 16 wide, 2 heads, mean pooling\n",
  );
  const { code, stdout } = await tagwright(["encoder", "check", tiny, "--json"]);
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { ok: true, maxPieces: 46, shape: { family: "roberta", firstPosition: 2 } },
  ]);
});

test("an encoder that is wrong ends with exit code 3 and the reason", async () => {
  const folder = path.join(home, "wrong");
  cpSync(tiny, folder, { recursive: true });
  writeFileSync(path.join(folder, "model.safetensors"), Buffer.alloc(100, 0xff));
  const { code, stdout, stderr } = await tagwright(["encoder", "check", folder, "--json"]);
  expect([code, JSON.parse(stdout)]).toMatchObject([3, { type: "error", code: 3 }]);
  expect(stderr).toContain("model.safetensors: expected a header of at most 92 bytes");
});

test.each(["get", "get --refresh"])("%s checks a folder, which is never downloaded", async (line) => {
  const nowhere = path.join(home, "nowhere");
  const missing = await tagwright(["encoder", ...line.split(" "), nowhere]);
  expect([missing.code, missing.stdout]).toEqual([3, ""]);
  expect(missing.stderr).toContain(`${nowhere}: expected an encoder's folder`);
  const there = await tagwright(["encoder", ...line.split(" "), tiny]);
  expect([there.code, there.stdout]).toEqual([0, expect.stringContaining(`is already in ${tiny}\n`)]);
});

test("nothing is here at first, and no command but get would download it", async () => {
  mkdirSync(home, { recursive: true });
  expect(await tagwright(["encoder", "list"])).toMatchObject({
    code: 0,
    stdout: `None yet in ${path.join(home, "encoders")}. Download the default one: tagwright encoder get\n`,
  });
  expect(JSON.parse((await tagwright(["encoder", "list", "--json"])).stdout)).toEqual({
    folder: path.join(home, "encoders"),
    encoders: [],
  });
  const { code, stderr } = await tagwright(["encoder", "check"]);
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining("tagwright encoder get all-MiniLM-L6-v2; or, without a network"),
  ]);
});

test.each(["encoder", "encoder frob", "encoder get --frob"])("%s is wrong usage", async (line) => {
  expect((await tagwright(line.split(" "))).code).toBe(2);
});
