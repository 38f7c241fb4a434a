// `tagwright tag`: suggestions for files; with --write the sure ones are written, after a journal that can undo it.
import path from "node:path";
import { siteTagOptions, type TagOptions } from "@tagwright/documents";
import { openModel } from "@tagwright/model";
import type { Command } from "commander";
import { breathe } from "../breathe.ts";
import { createMeter } from "../meter.ts";
import type { ExitCode } from "../progress.ts";
import { applyBatch, type BatchResult, type PlannedFile } from "./batch/apply-batch.ts";
import { type DocumentFile, findDocuments } from "./batch/find-documents.ts";
import { type DocumentResult, suggestForDocument } from "./batch/suggest-document.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { requireModel } from "./find-model.ts";
import { excludeHelp, probability, wholeNumber } from "./parse-options.ts";
import { type CommandContext, runCommand, StoppedHalfwayError } from "./run-command.ts";
import { formatTable } from "./table.ts";
import { type TagFlags, tagOptions, tagOptionsOf } from "./tag-options.ts";
import { counted } from "./view.ts";

interface TagCommandOptions extends TagFlags {
  readonly model?: string;
  readonly top: number;
  readonly minProbability?: number;
  readonly exclude?: readonly string[];
  readonly write?: true;
  readonly json?: true;
}

const defaultTop = 5;
/** Suggesting hardly ever waits by itself: now and then a Ctrl+C must be heard. */
const documentsBetweenPauses = 32;

export function addTagCommand(program: Command): void {
  program
    .command("tag")
    .summary("suggest tags for files, and write them")
    .description(
      "Suggests tags for files, or for all documents of folders. With --write, tags that are sure " +
        "enough are added to the files (or to a sidecar, where a format has no place for tags); " +
        "`tagwright revert` takes them back.",
    )
    .argument("<paths...>", "files or folders")
    .option("--model <folder>", "the model folder (default: .tags/model in the first path or a folder above)")
    .option("--top <n>", "suggestions a document", wholeNumber(1, 100), defaultTop)
    .option(
      "--min-probability <p>",
      "write tags from this probability on (default: the model's threshold)",
      probability,
    )
    .addOption(tagOptions.keys)
    .addOption(tagOptions.inline)
    .addOption(tagOptions.notInline)
    .option("--exclude <glob...>", excludeHelp)
    .option("--write", "write the tags into the files")
    .option("--json", "print one JSON object a document")
    .addHelpText(
      "after",
      `
Examples:
  tagwright tag notes/today.md
  tagwright tag notes --write --min-probability 0.6
  tagwright revert notes

With --json each document is a line {"type":"document","path","suggestions":[{"id","name","probability",
"present","add"}]}, and each written folder a line {"type":"batch","folder","journal","written","skipped"}.
In the table, "+" marks a tag that is written with --write, "=" one that the document has.
${exitCodeHelp}`,
    )
    .action((paths: string[], options: TagCommandOptions) =>
      runCommand({ json: options.json === true }, (context) => tag(paths, options, context)),
    );
}

async function tag(paths: readonly string[], options: TagCommandOptions, context: CommandContext): Promise<ExitCode> {
  const { signal, view, print } = context;
  const model = await openModel(options.model ?? requireModel(paths[0]!));
  try {
    const documents = await findDocuments(paths, { ...(options.exclude && { exclude: options.exclude }), signal });
    const tagOptionsIn = tagOptionsByFolder(tagOptionsOf(options));
    const { top, minProbability = model.info.threshold } = options;
    const meter = createMeter("tag", "documents", view.event);
    const plans = new Map<string, PlannedFile[]>();
    let failed = false;
    for (const [index, document] of documents.entries()) {
      signal.throwIfAborted();
      const tags = await tagOptionsIn(document.folder);
      const result = await suggestForDocument(model, document, { top, minProbability, tagOptions: tags });
      if (document.named && (result.kind === "skipped" || (options.write && result.refusal !== undefined)))
        failed = true;
      if (result.kind === "suggested" && result.plan !== undefined) {
        plans.set(document.folder, [...(plans.get(document.folder) ?? []), result.plan]);
      }
      if (documents.length > 1 && process.stdout.isTTY !== true) meter(index + 1, documents.length);
      const shown = path.relative(process.cwd(), path.join(document.folder, document.relative));
      print(options.json ? describeJson(shown, result) : describeTable(shown, document, result));
      if (index % documentsBetweenPauses === 0) await breathe(signal);
    }
    view.close();
    const complete = options.write
      ? await writeAll(plans, model.info.id, options, context)
      : sayHowToWrite(plans, options, context);
    return failed || !complete ? 3 : 0;
  } finally {
    model.dispose();
  }
}

function tagOptionsByFolder(given: TagOptions): (folder: string) => Promise<TagOptions> {
  const known = new Map<string, TagOptions>();
  return async (folder) => {
    const options = known.get(folder) ?? { ...(await siteTagOptions(folder)), ...given };
    known.set(folder, options);
    return options;
  };
}

/**
 * Writes folder by folder. Returns whether every file could be written.
 * @throws StoppedHalfwayError where a stop came after the first file.
 */
async function writeAll(
  plans: ReadonlyMap<string, readonly PlannedFile[]>,
  modelId: string,
  options: TagCommandOptions,
  { signal, view, print }: CommandContext,
): Promise<boolean> {
  const results: BatchResult[] = [];
  const touched: string[] = [];
  for (const [folder, files] of plans) {
    const where = path.relative(process.cwd(), folder) || ".";
    if (signal.aborted) throw stopped(results, touched, signal);
    try {
      results.push(await applyBatch(folder, modelId, files, signal));
    } catch (error) {
      view.warn(`the batch broke off; "tagwright revert ${where}" takes back what was written`);
      throw error;
    }
    const { written, skipped, journal } = results.at(-1)!;
    if (written.length > 0) touched.push(where);
    for (const it of skipped) view.warn(`${path.join(where, it.path)} was left as it is: ${it.reason}`);
    const numTags = files
      .filter((it) => written.includes(it.entry.path))
      .reduce((sum, it) => sum + it.entry.added.length, 0);
    if (options.json) print(`${JSON.stringify({ type: "batch", folder, journal, written, skipped })}\n`);
    else
      print(
        `\nAdded ${counted(numTags, "tag")} to ${counted(written.length, "file")}. Undo with: tagwright revert ${where}\n`,
      );
  }
  if (results.at(-1)?.stopped) throw stopped(results, touched, signal);
  if (plans.size === 0 && !options.json) print("\nNothing to add: no new tag is sure enough.\n");
  return results.every((it) => it.skipped.length === 0);
}

function stopped(results: readonly BatchResult[], touched: readonly string[], signal: AbortSignal): unknown {
  if (touched.length === 0) return signal.reason;
  const numFiles = results.reduce((sum, it) => sum + it.written.length, 0);
  const undo = touched.map((it) => `tagwright revert ${it}`).join(", ");
  return new StoppedHalfwayError(`Stopped after ${counted(numFiles, "file")} got tags. Undo with: ${undo}`);
}

function sayHowToWrite(
  plans: ReadonlyMap<string, readonly PlannedFile[]>,
  options: TagCommandOptions,
  { print }: CommandContext,
): true {
  const numFiles = [...plans.values()].reduce((sum, it) => sum + it.length, 0);
  if (numFiles > 0 && !options.json)
    print(`\nAdd --write to write the tags marked "+" into ${counted(numFiles, "file")}.\n`);
  return true;
}

function describeJson(shown: string, result: DocumentResult): string {
  const said =
    result.kind === "skipped"
      ? { skipped: result.reason }
      : { suggestions: result.suggestions, ...(result.refusal !== undefined && { refusal: result.refusal }) };
  return `${JSON.stringify({ type: "document", path: shown, ...said })}\n`;
}

function describeTable(shown: string, _document: DocumentFile, result: DocumentResult): string {
  if (result.kind === "skipped") return `${shown}\n  skipped: ${result.reason}\n`;
  const rows = result.suggestions.map((it) => {
    const mark = it.present ? "=" : it.add ? "+" : " ";
    const name = it.name === it.id ? it.name : `${it.name} (${it.id})`;
    return [" ", `${(100 * it.probability).toFixed(0)}%`, mark, name];
  });
  const refusal = result.refusal === undefined ? "" : `  cannot be written: ${result.refusal}\n`;
  return `${shown}\n${formatTable(rows, "lrll")}${refusal}`;
}
