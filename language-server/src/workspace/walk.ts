// The files of a workspace folder, without those that Git or the editor's settings leave out. Links are not followed,
// so a walk ends.
import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import ignore, { type Ignore } from "ignore";

export interface WalkOptions {
  /** Globs as in VS Code's `files.exclude`. */
  readonly exclude?: readonly string[];
  /** Ends the walk after so many files. */
  readonly maxFiles?: number;
}

/** Beside hidden ones: folders that never hold documents of the user. */
const alwaysSkipped = new Set(["node_modules", "bower_components"]);

/** Absolute paths, folder by folder in name order: two walks of the same tree give the same list. */
export async function* walk(
  root: string,
  { exclude = [], maxFiles = 200_000 }: WalkOptions = {},
): AsyncGenerator<string> {
  let left = maxFiles;
  const excluded = ignore({ allowRelativePaths: true }).add(exclude.flatMap(expandBraces));
  const rules: Rule[] = [{ base: root, patterns: excluded }, ...(await rulesAbove(root))];
  const folders: { folder: string; rules: readonly Rule[] }[] = [{ folder: root, rules }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const { folder } = next;
    const here = await gitignoreIn(folder);
    const active = here === undefined ? next.rules : [...next.rules, here];
    const below: typeof folders = [];
    for (const entry of await entriesOf(folder)) {
      if (entry.name.startsWith(".")) continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!alwaysSkipped.has(entry.name) && !isIgnored(`${file}${path.sep}`, active))
          below.push({ folder: file, rules: active });
      } else if (entry.isFile() && !isIgnored(file, active)) {
        yield file;
        if (--left <= 0) return;
      }
    }
    folders.push(...below.reverse());
  }
}

interface Rule {
  readonly base: string;
  readonly patterns: Ignore;
}

/** The deepest file that says anything about a path wins, as in Git. */
function isIgnored(file: string, rules: readonly Rule[]): boolean {
  let ignored = false;
  for (const { base, patterns } of rules) {
    const relative = path.relative(base, file).split(path.sep).join("/") + (file.endsWith(path.sep) ? "/" : "");
    const verdict = patterns.test(relative);
    if (verdict.ignored) ignored = true;
    else if (verdict.unignored) ignored = false;
  }
  return ignored;
}

async function gitignoreIn(folder: string): Promise<Rule | undefined> {
  try {
    return {
      base: folder,
      patterns: ignore({ allowRelativePaths: true }).add(await readFile(path.join(folder, ".gitignore"), "utf8")),
    };
  } catch {
    return undefined;
  }
}

/** The `.gitignore` files between the top of the repository and `root`, outermost first. */
async function rulesAbove(root: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  for (let folder = root; !existsSync(path.join(folder, ".git")); ) {
    const parent = path.dirname(folder);
    if (parent === folder) return [];
    folder = parent;
    const rule = await gitignoreIn(folder);
    if (rule !== undefined) rules.unshift(rule);
  }
  // Who opens a folder that Git ignores wants to see it.
  return isIgnored(`${root}${path.sep}`, rules) ? [] : rules;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // A folder that vanished or may not be read holds nothing for us.
    return [];
  }
}

/** `{a,b}` of VS Code's globs, which gitignore patterns lack. */
function expandBraces(glob: string): string[] {
  const braces = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(glob);
  if (braces === null) return [glob];
  const [, before = "", choices = "", after = ""] = braces;
  return choices.split(",").flatMap((it) => expandBraces(`${before}${it}${after}`));
}
