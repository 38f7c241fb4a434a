import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { linkedElsewhere } from "./links.ts";

const windows = process.platform === "win32";

/** A folder, and beside it another one with a file; a junction needs no rights on Windows. */
function folders(): { readonly inside: string; readonly outside: string } {
  const root = scratchFolder({ "inside/sub/a.md": "", "outside/b.md": "" });
  return { inside: path.join(root, "inside"), outside: path.join(root, "outside") };
}

test("a file of the folder may be changed, also one that is not there yet", async () => {
  const { inside } = folders();
  for (const name of ["sub/a.md", "sub/new.md", "new/new.md", "..b.md", "sub/a.md/below.md"]) {
    expect(await linkedElsewhere(inside, path.join(inside, name)), name).toBeUndefined();
  }
});

test("the folder itself may be reached by a link, and links may lead from one of its folders to another", async () => {
  const { inside } = folders();
  const link = `${inside}-link`;
  symlinkSync(inside, link, "junction");
  symlinkSync(path.join(inside, "sub"), path.join(inside, "again"), "junction");
  expect(await linkedElsewhere(link, path.join(link, "sub", "a.md"))).toBeUndefined();
  expect(await linkedElsewhere(link, path.join(inside, "again", "a.md"))).toBeUndefined();
});

test("a file behind a link that leads out is refused, whether it is there or not", async () => {
  const { inside, outside } = folders();
  symlinkSync(outside, path.join(inside, "notes"), "junction");
  for (const name of ["notes/b.md", "notes/new.md", "notes/new/new.md"]) {
    expect(await linkedElsewhere(inside, path.join(inside, name)), name).toMatch(/behind a link to .*outside/);
  }
});

test.skipIf(windows)("a file that is a link is refused, and so is what is no file", async () => {
  const { inside, outside } = folders();
  const file = path.join(inside, "link.md");
  symlinkSync(path.join(outside, "b.md"), file);
  expect(await linkedElsewhere(inside, file)).toMatch(/expected a regular file, found a link/);
  mkdirSync(path.join(inside, "folder.md"));
  expect(await linkedElsewhere(inside, path.join(inside, "folder.md"))).toMatch(/found something else/);
  writeFileSync(path.join(inside, "c.md"), "");
  symlinkSync(path.join(inside, "gone.md"), path.join(inside, "dangling.md"));
  expect(await linkedElsewhere(inside, path.join(inside, "dangling.md"))).toMatch(/found a link/);
});
