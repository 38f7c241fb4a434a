// `tagwright`: the command line. One command a file; this one only knows their names.
import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addBenchCommand } from "./bench.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addEncoderCommand } from "./encoder.ts";
import { addEvaluateCommand } from "./evaluate.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { addRevertCommand } from "./revert.ts";
import { addServeCommand } from "./serve.ts";
import { addTagCommand } from "./tag.ts";
import { addTrainCommand } from "./train.ts";

// `tagwright … | head` closes the pipe early: what would go there is dropped, and the command ends as it would have.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") process.exit(6);
  });
}

const program = new Command("tagwright")
  .description("Suggests tags for documents, with a model trained on your own.")
  .version(manifest.version)
  .showSuggestionAfterError()
  .showHelpAfterError("(add --help for help)")
  .exitOverride()
  .addHelpText(
    "after",
    `
First steps:
  tagwright train --corpus notes --out notes/.tags/model
  tagwright tag notes/today.md
${exitCodeHelp}`,
  );
for (const add of [
  addTrainCommand,
  addEvaluateCommand,
  addTagCommand,
  addRevertCommand,
  addEncoderCommand,
  addBenchCommand,
  addDoctorCommand,
  addServeCommand,
]) {
  add(program);
}
// Subcommands inherit these settings only when they are made after them, and `command()` makes them in the files above.
for (const command of program.commands) command.copyInheritedSettings(program);

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version come as errors with exit code 0; everything else is wrong usage.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
});
