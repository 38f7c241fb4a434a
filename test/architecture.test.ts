// The layers of ARCHITECTURE.md as data. A new edge between packages is a change of this table, in a commit that says why.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");

/** Folder, and what its source may import of ours; tests may also use @tagwright/testing. */
const packages = {
  "@tagwright/documents": { folder: "trainer/documents", imports: [] },
  "@tagwright/taxonomy": { folder: "trainer/taxonomy", imports: [] },
  "@tagwright/model": { folder: "trainer/model", imports: [] },
  "@tagwright/trainer": {
    folder: "trainer",
    imports: [
      "@tagwright/documents",
      "@tagwright/documents/journal",
      "@tagwright/taxonomy",
      "@tagwright/model",
      "@tagwright/model/internals",
    ],
  },
  "@tagwright/language-server": {
    folder: "language-server",
    imports: ["@tagwright/documents", "@tagwright/taxonomy", "@tagwright/model"],
  },
  "@tagwright/extension": {
    folder: "extension",
    imports: ["@tagwright/documents/journal", "@tagwright/language-server/protocol", "@tagwright/trainer/progress"],
  },
  "@tagwright/testing": { folder: "test/support", imports: [] },
} as const satisfies Record<string, { folder: string; imports: readonly string[] }>;

type PackageName = keyof typeof packages;

/** Libraries that one package alone may know. */
const owners: readonly [RegExp, PackageName][] = [
  [/^vscode$/u, "@tagwright/extension"],
  [/^vscode-languageclient(\/|$)/u, "@tagwright/extension"],
  [/^vscode-languageserver(\/|$)/u, "@tagwright/language-server"],
];

/**
 * Folders in the order of the data flow; imports never point down. A file beside them that a folder may import stands
 * after the stage named here, "" being before all of them; the others put everything together and are imported by none.
 */
const stages: Partial<Record<PackageName, { order: readonly string[]; files: Readonly<Record<string, string>> }>> = {
  "@tagwright/model": {
    order: ["", "sparse", "kernels", "text", "features", "encoder", "tree", "ranker", "search", "folder"],
    files: { "errors.ts": "", "types.ts": "" },
  },
  "@tagwright/trainer": {
    order: ["", "corpus", "features", "tree", "encoder", "ranker", "fine-tune", "eval", "calibrate", "cli"],
    files: {
      "progress.ts": "",
      "config.ts": "",
      "random.ts": "",
      "breathe.ts": "",
      "meter.ts": "",
      "memory-limit.ts": "",
      "train.ts": "calibrate",
    },
  },
};

interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly owner: PackageName;
  readonly imports: readonly string[];
}

const notSource = new Set(["node_modules", "generated", "assembly", "fixtures"]);

function filesBelow(folder: string): string[] {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((it) => {
    const below = `${folder}/${it.name}`;
    if (it.isDirectory()) return notSource.has(it.name) ? [] : filesBelow(below);
    return [below];
  });
}

function importsOf(text: string): string[] {
  const specifiers = /^\s*(?:import|export)\b[^;"']*?\bfrom\s+["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/gmu;
  return [...text.matchAll(specifiers)].map((it) => it[1] ?? it[2]!);
}

const names = Object.keys(packages) as PackageName[];
const sources: readonly SourceFile[] = names.flatMap((owner) =>
  filesBelow(`${packages[owner].folder}/src`)
    .filter((it) => it.endsWith(".ts"))
    .map((file) => {
      const text = readFileSync(path.join(root, file), "utf8");
      return { path: file, text, owner, imports: importsOf(text) };
    }),
);
const isTest = (file: SourceFile) => file.path.endsWith(".test.ts");
/** Data (a package's own version, say) is no layer. */
const edges = sources.flatMap((file) => file.imports.filter((it) => !it.endsWith(".json")).map((to) => ({ file, to })));

function manifest(name: PackageName): { exports?: Record<string, string>; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(path.join(root, packages[name].folder, "package.json"), "utf8"));
}

test("the scan sees the code of every package and the edge it must find", () => {
  for (const name of names) expect(sources.filter((it) => it.owner === name).length, name).toBeGreaterThan(0);
  expect(sources.length).toBeGreaterThan(50);
  expect(edges.some((it) => it.file.owner === "@tagwright/trainer" && it.to === "@tagwright/model/internals")).toBe(
    true,
  );
});

test("packages import one another only as the table allows, and declare no more than that", () => {
  const allowed = (file: SourceFile): readonly string[] =>
    isTest(file) ? [...packages[file.owner].imports, "@tagwright/testing"] : packages[file.owner].imports;
  const wrong = edges.filter(({ file, to }) => to.startsWith("@tagwright/") && !allowed(file).includes(to));
  expect(wrong.map(({ file, to }) => `${file.path} -> ${to}`)).toEqual([]);
  for (const name of names) {
    const roots = packages[name].imports.map((it) => it.split("/").slice(0, 2).join("/"));
    const declared = Object.keys(manifest(name).dependencies ?? {}).filter((it) => it.startsWith("@tagwright/"));
    expect(
      declared.filter((it) => !roots.includes(it)),
      name,
    ).toEqual([]);
  }
});

test("nothing reaches into another package past its door", () => {
  const wrong = edges.filter(({ file, to }) => {
    if (to.startsWith("@tagwright/")) {
      const [name, door] = [
        to.split("/").slice(0, 2).join("/"),
        `.${to
          .split("/")
          .slice(2)
          .map((it) => `/${it}`)
          .join("")}`,
      ];
      return !Object.hasOwn(manifest(name as PackageName).exports ?? {}, door);
    }
    return (
      to.startsWith(".") &&
      !path.posix.join(path.posix.dirname(file.path), to).startsWith(`${packages[file.owner].folder}/src/`)
    );
  });
  expect(wrong.map(({ file, to }) => `${file.path} -> ${to}`)).toEqual([]);
});

test("vscode and the language server protocol are known to one package each", () => {
  const wrong = edges.filter(({ file, to }) =>
    owners.some(([library, owner]) => library.test(to) && file.owner !== owner),
  );
  expect(wrong.map(({ file, to }) => `${file.path} -> ${to}`)).toEqual([]);
});

test("doors name each symbol, and nothing is exported wholesale", () => {
  expect(sources.filter((it) => /^export \*/mu.test(it.text)).map((it) => it.path)).toEqual([]);
  for (const name of names) {
    for (const door of Object.values(manifest(name).exports ?? {})) {
      expect(existsSync(path.join(root, packages[name].folder, door)), `${name}: ${door}`).toBe(true);
    }
  }
});

test("inside the model and the trainer, imports follow the stages and never point down", () => {
  const wrong = edges.filter(({ file, to }) => {
    const stage = stages[file.owner];
    if (stage === undefined || !to.startsWith(".") || isTest(file)) return false;
    const below = (it: string) => path.posix.relative(`${packages[file.owner].folder}/src`, it);
    const [from, target] = [below(file.path), below(path.posix.join(path.posix.dirname(file.path), to))];
    if (!from.includes("/")) return false;
    const nameOf = (it: string) => (it.includes("/") ? it.split("/")[0]! : (stage.files[it] ?? it));
    const [fromRank, targetRank] = [stage.order.indexOf(nameOf(from)), stage.order.indexOf(nameOf(target))];
    return fromRank < 0 || targetRank < 0 || targetRank > fromRank;
  });
  expect(wrong.map(({ file, to }) => `${file.path} -> ${to}`)).toEqual([]);
});

test("files have at most 400 lines", () => {
  const programs = ["trainer", "language-server", "extension", "test"].flatMap(filesBelow);
  const long = programs
    .filter((it) => /\.(?:ts|mjs|cjs)$/u.test(it))
    .map((it) => ({ file: it, lines: readFileSync(path.join(root, it), "utf8").split("\n").length - 1 }))
    .filter((it) => it.lines > 400);
  expect(long).toEqual([]);
});

test("ARCHITECTURE.md has a line for each source folder", () => {
  const map = readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8");
  const folders = new Set(sources.map((it) => path.posix.dirname(it.path)));
  expect([...folders].filter((it) => !map.includes(`\`${it}/\``))).toEqual([]);
});
