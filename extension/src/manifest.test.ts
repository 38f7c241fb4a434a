// package.json against the sources: what is contributed exists, what exists is contributed, every text has its words.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { allEngines } from "./training/engines.ts";

const root = path.join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const words: Record<string, string> = JSON.parse(readFileSync(path.join(root, "package.nls.json"), "utf8"));
const sources = readdirSync(import.meta.dirname, { recursive: true })
  .map(String)
  .filter((it) => it.endsWith(".ts") && !it.endsWith(".test.ts"))
  .map((it) => readFileSync(path.join(import.meta.dirname, it), "utf8"))
  .join("\n");
const { contributes } = manifest;
const commands: string[] = contributes.commands.map((it: { command: string }) => it.command);

test("every contributed command is registered, and every registered one contributed", () => {
  const registered = [...sources.matchAll(/registerCommand\(\s*"([^"]+)"/g)].map((it) => it[1]!);
  expect(registered.length).toBeGreaterThan(10);
  expect([...registered].sort()).toEqual([...commands].sort());
});

test("menus, key bindings and links name commands that exist", () => {
  const text = JSON.stringify([contributes.menus, contributes.keybindings]) + Object.values(words).join("\n");
  const named = [...text.matchAll(/(?:"command":"|command:)(tagwright\.[\w.]+)/g)].map((it) => it[1]!);
  expect(named.length).toBeGreaterThan(20);
  for (const it of named) expect(commands).toContain(it);
});

test("every setting is read somewhere, is scoped, described and has a default", () => {
  const server = readFileSync(path.join(root, "language-server/src/settings.ts"), "utf8");
  const properties = Object.assign({}, ...contributes.configuration.map((it: { properties: object }) => it.properties));
  const names = Object.keys(properties);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names.filter((it) => it !== "tagwright.trace.server")) {
    expect(`${sources}${server}`, name).toContain(`"${name.slice("tagwright.".length)}"`);
  }
  for (const [name, it] of Object.entries<Record<string, unknown>>(properties)) {
    expect(Object.keys(it), name).toEqual(expect.arrayContaining(["scope", "markdownDescription", "default", "order"]));
  }
});

test("the engines to choose from are those that the trainer takes, in the settings and in the question", () => {
  const trainer = readFileSync(path.join(root, "trainer/src/encoder/engines/choose.ts"), "utf8");
  const list = /engineChoices = \[([^\]]+)\]/.exec(trainer)?.[1] ?? "";
  const engines = [...list.matchAll(/"([^"]+)"/g)].map((it) => it[1]!);
  expect(engines).toContain("cpu");
  const properties = Object.assign({}, ...contributes.configuration.map((it: { properties: object }) => it.properties));
  expect(properties["tagwright.training.engine"].enum).toEqual(engines);
  expect(["auto", ...allEngines.map((it) => it.name)]).toEqual(engines);
});

test("what an untrusted workspace must not choose is restricted", () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  const properties = Object.assign({}, ...contributes.configuration.map((it: { properties: object }) => it.properties));
  const paths = Object.keys(properties).filter((it) => it.endsWith(".path"));
  expect(restrictedConfigurations).toEqual(expect.arrayContaining(paths));
});

test("every text is in package.nls.json, and nothing else is", () => {
  const used = [...JSON.stringify(manifest).matchAll(/%([\w.]+)%/g)].map((it) => it[1]!);
  expect([...new Set(used)].sort()).toEqual(Object.keys(words).sort());
});

test("activation waits for a document, a task or a model, never for the start of the editor", () => {
  const source = readFileSync(path.join(import.meta.dirname, "documents.ts"), "utf8");
  const list = /documentLanguages = \[([^\]]+)\]/.exec(source)?.[1] ?? "";
  const languages = [...list.matchAll(/"([^"]+)"/g)].map((it) => it[1]!);
  expect(languages).toContain("markdown");
  const events: string[] = manifest.activationEvents;
  expect(events.filter((it) => it.startsWith("onLanguage:"))).toEqual(languages.map((it) => `onLanguage:${it}`));
  expect(events).not.toContain("*");
  expect(events).not.toContain("onStartupFinished");
});

test("pictures and icons exist, and the API is the one that the manifest asks for", () => {
  const files = [...JSON.stringify(manifest).matchAll(/media\/[\w/.-]+\.(?:svg|png)/g)].map((it) => it[0]);
  for (const it of files) expect(existsSync(path.join(root, it)), it).toBe(true);
  const api = JSON.parse(readFileSync(path.join(root, "node_modules/@types/vscode/package.json"), "utf8"));
  expect(manifest.engines.vscode).toBe(`^${api.version}`);
});
