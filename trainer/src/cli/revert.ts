// `tagwright revert`: undoes the last `tag --write` of a folder from its journal.
import { stat } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { CorpusError, corpusErrorFrom } from "../corpus/corpus-error.ts";
import type { ExitCode } from "../progress.ts";
import { type RevertedFile, revertLastBatch } from "./batch/revert-batch.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { counted } from "./view.ts";

export function addRevertCommand(program: Command): void {
  program
    .command("revert")
    .summary("undo the last `tag --write` in a folder")
    .description(
      "Undoes the last `tagwright tag --write` in a folder from its journal (.tags/journal). Files come back " +
        "byte for byte; in a file that changed since, only the written tags are taken out; where that " +
        "is not clear, the file is left as it is and named, and the exit code is 3.",
    )
    .argument("<folder>", "the folder that was tagged")
    .option("--json", "print one JSON object")
    .addHelpText("after", `\nExample:\n  tagwright revert notes\n${exitCodeHelp}`)
    .action((folder: string, options: { json?: true }) =>
      runCommand({ json: options.json === true }, (context) => revert(folder, options.json === true, context)),
    );
}

async function revert(folder: string, json: boolean, { print }: CommandContext): Promise<ExitCode> {
  const isFolder = await stat(folder).then(
    (it) => it.isDirectory(),
    (error: unknown) => {
      throw corpusErrorFrom(error, folder);
    },
  );
  if (!isFolder) throw new CorpusError(`${folder}: expected the folder that was tagged, found a file`);
  const result = await revertLastBatch(folder);
  const conflicts = result.files.filter((it) => it.outcome === "conflict");
  if (json) print(`${JSON.stringify(result)}\n`);
  else print(describe(folder, result.createdAt, result.files));
  return conflicts.length > 0 ? 3 : 0;
}

function describe(folder: string, createdAt: string, files: readonly RevertedFile[]): string {
  const count = (outcome: RevertedFile["outcome"]) => files.filter((it) => it.outcome === outcome).length;
  const lines = [`Taking back the batch of ${new Date(createdAt).toLocaleString("en")}`];
  const say = (outcome: RevertedFile["outcome"], what: string) => {
    if (count(outcome) > 0) lines.push(`  ${counted(count(outcome), "file")} ${what}`);
  };
  say("restored", "restored byte for byte");
  say("merged", "changed since: only the written tags were taken out");
  say("unchanged", "already as before");
  for (const it of files) {
    if (it.outcome === "deleted") lines.push(`  deleted or moved since: ${path.join(folder, it.path)}`);
    if (it.outcome === "conflict") lines.push(`  left as it is: ${path.join(folder, it.path)}: ${it.reason}`);
  }
  return `${lines.join("\n")}\n`;
}
