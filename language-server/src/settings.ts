// The `tagwright` section of an editor's settings, checked field by field: a wrong one falls back to its default and is
// named in a problem, so that one typo never switches everything off.
import type { TagOptions } from "@tagwright/documents";

export interface Settings {
  /** Per language id; `*` stands for the others. */
  readonly enabled: Readonly<Record<string, boolean>>;
  /** Undefined: the threshold that the model found best on held-out documents. */
  readonly minProbability: number | undefined;
  readonly maxSuggestions: number;
  readonly timeBudgetMs: number;
  /** Empty: `.tags/model` in the workspace folder. */
  readonly modelPath: string;
  /** Undefined: what suits the machine. */
  readonly cacheBytes: number | undefined;
  readonly unloadAfterMs: number;
  /** Threads of a model's encoder. */
  readonly encoderThreads: number;
  /** Empty: the first of the usual names in the workspace folder. */
  readonly taxonomyPath: string;
  readonly tagOptions: TagOptions;
}

export const defaultSettings: Settings = {
  enabled: { "*": true },
  minProbability: undefined,
  maxSuggestions: 5,
  timeBudgetMs: 1000,
  modelPath: "",
  cacheBytes: undefined,
  unloadAfterMs: 30 * 60_000,
  encoderThreads: 2,
  taxonomyPath: "",
  tagOptions: {},
};

/** @returns the settings, and one sentence for each value that was not usable. */
export function parseSettings(section: unknown): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const at = (path: string) =>
    path.split(".").reduce<unknown>((it, key) => (isRecord(it) ? it[key] : undefined), section);
  const read = <T>(path: string, expected: string, fallback: T, parse: (value: unknown) => T | undefined): T => {
    const value = at(path);
    if (value === undefined || value === null) return fallback;
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    problems.push(
      `tagwright.${path}: expected ${expected}, found ${JSON.stringify(value)?.slice(0, 80)}; the default is used`,
    );
    return fallback;
  };
  const number = (path: string, min: number, max: number, fallback: number) =>
    read(path, `a number from ${min} to ${max}`, fallback, (it) =>
      typeof it === "number" && it >= min && it <= max ? it : undefined,
    );
  const string = (path: string) =>
    read(path, "a string", "", (it) => (typeof it === "string" && !it.includes("\0") ? it.trim() : undefined));

  const keys = read("formats.keys", "a list of front matter keys", [] as readonly string[], asStrings);
  const inlineTags = read("formats.inlineTags", '"auto", "on" or "off"', "auto", (it) =>
    it === "auto" || it === "on" || it === "off" ? it : undefined,
  );
  const fallback = defaultSettings;
  const settings: Settings = {
    enabled: read("suggestions.enable", "an object of language ids and booleans", fallback.enabled, asSwitches),
    minProbability: read("suggestions.minProbability", "a number from 0 to 1", fallback.minProbability, (it) =>
      typeof it === "number" && it >= 0 && it <= 1 ? it : undefined,
    ),
    maxSuggestions: Math.round(number("suggestions.max", 1, 50, fallback.maxSuggestions)),
    timeBudgetMs: number("suggestions.timeBudget", 10, 60_000, fallback.timeBudgetMs),
    modelPath: string("model.path"),
    cacheBytes: read("model.cacheMegabytes", "a number from 16 to 65536", fallback.cacheBytes, (it) =>
      typeof it === "number" && it >= 16 && it <= 65_536 ? it * 2 ** 20 : undefined,
    ),
    unloadAfterMs: number("model.unloadAfterMinutes", 0, 10_080, fallback.unloadAfterMs / 60_000) * 60_000,
    encoderThreads: Math.round(number("encoder.threads", 1, 64, fallback.encoderThreads)),
    taxonomyPath: string("taxonomy.path"),
    tagOptions: { ...(keys.length > 0 && { keys }), ...(inlineTags !== "auto" && { inlineTags: inlineTags === "on" }) },
  };
  return { settings, problems };
}

export function isEnabledFor(settings: Settings, languageId: string): boolean {
  return settings.enabled[languageId] ?? settings.enabled["*"] ?? true;
}

/**
 * The globs that are on in the values of `files.exclude` and `search.exclude`; undefined where the editor has neither. One with a
 * `when` clause speaks of derived files and is left out.
 */
export function parseExcludes(values: readonly unknown[] | undefined): readonly string[] | undefined {
  const known = Array.isArray(values) ? values.filter(isRecord) : [];
  if (known.length === 0) return undefined;
  return known.flatMap((it) => Object.entries(it).flatMap(([glob, on]) => (on === true ? [glob] : [])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asStrings(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || !value.every((it) => typeof it === "string" && it.trim() !== "")) return undefined;
  return value.map((it: string) => it.trim());
}

function asSwitches(value: unknown): Readonly<Record<string, boolean>> | undefined {
  if (!isRecord(value) || !Object.values(value).every((it) => typeof it === "boolean")) return undefined;
  return value as Record<string, boolean>;
}
