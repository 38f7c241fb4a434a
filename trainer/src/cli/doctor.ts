// `tagwright doctor`: what this machine offers, which engines are there, and whether the model is sound.
import os from "node:os";
import {
  EncoderError,
  ModelFolderError,
  type ModelInfo,
  openModel,
  previousModel,
  verifyModelFolder,
} from "@tagwright/model";
import { newSimdKernels, previousFolder } from "@tagwright/model/internals";
import type { Command } from "commander";
import { type AvailableEngine, availableEngines } from "../encoder/engines/available.ts";
import { defaultCacheFolder, listCachedEncoders } from "../encoder/source/cache.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { findModel } from "./find-model.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { bytes, number } from "./view.ts";

interface ModelHealth {
  readonly folder: string;
  readonly ok: boolean;
  readonly message: string;
}

interface Diagnosis {
  readonly node: { readonly version: string; readonly ok: boolean };
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: { readonly total: number; readonly free: number };
  readonly simd: boolean;
  readonly engines: readonly AvailableEngine[];
  /** Where encoders are kept that were fetched, and which are there. */
  readonly encoders: { readonly folder: string; readonly sources: readonly string[] };
  /** Null where there is none. */
  readonly model: ModelHealth | null;
  /** The one that it replaced; null where none is kept. */
  readonly previousModel: ModelHealth | null;
}

interface DoctorOptions {
  /** False: left out. */
  readonly model?: string | false;
  readonly json?: true;
}

const oldestNode = [20, 19] as const;

export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .summary("say what this machine has and whether the model is sound")
    .description("Checks Node, cores, memory, engines, and every byte of the model.")
    .option("--model <folder>", "the model folder (default: .tags/model here or in a folder above)")
    .option("--no-model", "leave the model out")
    .option("--json", "print one JSON object")
    .addHelpText("after", `\nExamples:\n  tagwright doctor\n  tagwright doctor --model model --json\n${exitCodeHelp}`)
    .action((options: DoctorOptions) =>
      runCommand({ json: options.json === true }, (context) => doctor(options, context)),
    );
}

async function doctor(options: DoctorOptions, { print }: CommandContext): Promise<0 | 4> {
  const folder = options.model === false ? undefined : (options.model ?? findModel(process.cwd()));
  const encoders = defaultCacheFolder();
  const diagnosis: Diagnosis = {
    node: { version: process.versions.node, ok: isNodeNewEnough(process.versions.node) },
    platform: `${process.platform} ${process.arch}`,
    cores: os.availableParallelism(),
    memoryBytes: { total: os.totalmem(), free: os.freemem() },
    simd: hasSimd(),
    engines: availableEngines(),
    encoders: { folder: encoders, sources: (await listCachedEncoders(encoders)).map((it) => it.source) },
    model: await checkModel(folder),
    previousModel: await checkPrevious(folder),
  };
  print(options.json ? `${JSON.stringify(diagnosis)}\n` : describe(diagnosis, options.model === false));
  return diagnosis.model?.ok === false ? 4 : 0;
}

function isNodeNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

function hasSimd(): boolean {
  try {
    newSimdKernels();
    return true;
  } catch {
    // WebAssembly refuses a module with instructions that the machine or the runtime lacks.
    return false;
  }
}

async function checkModel(folder: string | undefined): Promise<ModelHealth | null> {
  if (folder === undefined) return null;
  try {
    const { info, bytes: size } = await verifyModelFolder(folder);
    // Sound files may still hold an encoder that does not start here.
    (await openModel(folder)).dispose();
    return { folder, ok: true, message: `sound; ${learnt(info)}, ${bytes(size)}, made ${info.createdAt}` };
  } catch (error) {
    return unsound(folder, error);
  }
}

/** A look at what it is: its bytes are checked when somebody goes back to it. */
async function checkPrevious(folder: string | undefined): Promise<ModelHealth | null> {
  if (folder === undefined) return null;
  try {
    const kept = await previousModel(folder);
    if (kept === undefined) return null;
    return { folder: kept.folder, ok: true, message: `kept; ${learnt(kept.info)}, made ${kept.info.createdAt}` };
  } catch (error) {
    return unsound(previousFolder(folder), error);
  }
}

function learnt({ numLabels, numDocuments }: ModelInfo): string {
  return `${number(numLabels)} labels from ${number(numDocuments)} documents`;
}

function unsound(folder: string, error: unknown): ModelHealth {
  if (!(error instanceof ModelFolderError || error instanceof EncoderError)) throw error;
  return { folder, ok: false, message: error.message };
}

function describe(it: Diagnosis, withoutModel: boolean): string {
  const [major, minor] = oldestNode;
  const lines = [
    `Node      ${it.node.version}${it.node.ok ? "" : `; too old, install ${major}.${minor} or later`}`,
    `System    ${it.platform}, ${it.cores} cores`,
    `Memory    ${bytes(it.memoryBytes.free)} free of ${bytes(it.memoryBytes.total)}`,
    `SIMD      ${it.simd ? "yes" : "no: training and suggestions work, slower"}`,
    ...it.engines.map(({ name, title, version, note }, i) => {
      const state = version === undefined ? `no: ${note}` : `${title} ${version}`;
      return `${i === 0 ? "Engines " : "        "}  ${name.padEnd(8)}  ${state}`;
    }),
    `Encoders  ${it.encoders.folder}\n          ${it.encoders.sources.join(", ") || "none yet; fetch one: tagwright encoder get"}`,
    ...(withoutModel ? [] : [describeHealth(it.model)]),
    ...(it.previousModel === null
      ? []
      : [`Previous  ${it.previousModel.folder}\n          ${it.previousModel.message}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function describeHealth(model: ModelHealth | null): string {
  return model === null
    ? "Model     none in .tags/model here or above; train one: tagwright train --corpus . --out .tags/model"
    : `Model     ${model.folder}\n          ${model.message}`;
}
