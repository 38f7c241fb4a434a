// The files below a folder, without hidden ones, those of a model and those that Git or the editor's settings leave out: the
// documents that are learned from, counted and tagged are the same. Links are never followed: a walk ends, and stays inside
// its folder.
import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import ignore, { type Ignore } from "ignore";

export interface WalkOptions {
  /** Globs as in VS Code's `files.exclude`; an empty one excludes nothing. Default: those of the folder's own `.vscode/settings.json`. */
  readonly exclude?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onSymbolicLink?: () => void;
  readonly onUnreadable?: () => void;
}

interface Rule {
  readonly base: string;
  readonly patterns: Ignore;
}

const alwaysSkipped = new Set(["node_modules", "bower_components"]);
/** A folder that has them all is a trained model: its lists of labels and terms are text, and no documents. */
const filesOfModel = ["model.json", "labels.txt", "ranker.safetensors"];
/** What a model is called while it is written, and left as where the run is killed. */
const unfinishedModel = /\.partial-\d+-[0-9a-z]+$/;

/** Paths relative to `root` with forward slashes, folder by folder in name order: the same tree, the same list. */
export async function* walk(root: string, options: WalkOptions = {}): AsyncGenerator<string> {
  const above = await rulesAbove(root);
  // Who names a folder that is ignored itself means what is in it.
  const rules = isIgnored(root, true, above) ? [] : above;
  // A rule apart: what the editor leaves out, no `.gitignore` brings back.
  const excluded = [editorRule(root, options.exclude ?? (await globsOfSettings(root)))];
  const folders: { folder: string; rules: readonly Rule[] }[] = [{ folder: root, rules }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    options.signal?.throwIfAborted();
    const { folder } = next;
    const entries = await entriesOf(folder, options);
    if (isModel(folder, entries)) continue;
    const here = await gitignoreIn(folder);
    const active = here === undefined ? next.rules : [...next.rules, here];
    const below: typeof folders = [];
    for (const entry of entries) {
      const file = path.join(folder, entry.name);
      const isFolder = entry.isDirectory();
      if (entry.name.startsWith(".") || isIgnored(file, isFolder, excluded) || isIgnored(file, isFolder, active))
        continue;
      if (entry.isSymbolicLink()) options.onSymbolicLink?.();
      else if (entry.isFile()) yield path.relative(root, file).split(path.sep).join("/");
      else if (isFolder && !alwaysSkipped.has(entry.name)) below.push({ folder: file, rules: active });
    }
    folders.push(...below.reverse());
  }
}

function isModel(folder: string, entries: readonly Dirent[]): boolean {
  if (unfinishedModel.test(folder)) return true;
  return filesOfModel.every((name) => entries.some((it) => it.name === name && it.isFile()));
}

/** The deepest file that says anything about a path wins, as in Git. */
function isIgnored(file: string, isFolder: boolean, rules: readonly Rule[]): boolean {
  let ignored = false;
  for (const { base, patterns } of rules) {
    const relative = path.relative(base, file).split(path.sep).join("/");
    const verdict = patterns.test(isFolder ? `${relative}/` : relative);
    if (verdict.ignored) ignored = true;
    else if (verdict.unignored) ignored = false;
  }
  return ignored;
}

async function gitignoreIn(folder: string): Promise<Rule | undefined> {
  const text = await readFile(path.join(folder, ".gitignore"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : { base: folder, patterns: ignore().add(text) };
}

/** The `.gitignore` files from the top of the repository down to above `root`; none outside of a repository. */
async function rulesAbove(root: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  for (let folder = root; !existsSync(path.join(folder, ".git")); ) {
    const parent = path.dirname(folder);
    if (parent === folder) return [];
    folder = parent;
    const rule = await gitignoreIn(folder);
    if (rule !== undefined) rules.unshift(rule);
  }
  return rules;
}

function editorRule(root: string, globs: readonly string[]): Rule {
  // A glob of the editor starts at the folder; a gitignore pattern does so where it begins with a slash.
  const patterns = globs
    .filter((it) => it !== "")
    .flatMap(expandBraces)
    .map((it) => `/${it.replace(/^\//, "")}`);
  return { base: root, patterns: ignore().add(patterns) };
}

/** `files.exclude` and `search.exclude` of the folder's `.vscode/settings.json`, as far as it can be read. */
async function globsOfSettings(root: string): Promise<string[]> {
  const text = await readFile(path.join(root, ".vscode", "settings.json"), "utf8").catch(() => "{}");
  const settings = parseSettings(text);
  return ["files.exclude", "search.exclude"].flatMap((key) => enabledGlobs(field(settings, key)));
}

/** JSON with comments and trailing commas; undefined where it is broken, since the editor then ignores it too. */
function parseSettings(text: string): unknown {
  const withoutComments = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1");
  const strict = withoutComments.replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, "$1");
  try {
    return JSON.parse(strict);
  } catch {
    return undefined;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** Globs set to true; one with a `when` clause speaks of derived files and is left alone. */
function enabledGlobs(setting: unknown): string[] {
  if (typeof setting !== "object" || setting === null) return [];
  return Object.entries(setting).flatMap(([glob, on]) => (on === true ? [glob] : []));
}

/** `{a,b}` of the editor's globs, which gitignore patterns lack. */
function expandBraces(glob: string): string[] {
  const braces = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(glob);
  if (braces === null) return [glob];
  const [, before = "", choices = "", after = ""] = braces;
  return choices.split(",").flatMap((it) => expandBraces(`${before}${it}${after}`));
}

async function entriesOf(folder: string, options: WalkOptions): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // A folder that vanished or may not be read; the caller counts it.
    options.onUnreadable?.();
    return [];
  }
}
