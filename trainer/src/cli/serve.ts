// `tagwright serve --stdio`: the language server, for editors other than VS Code. Its bundle lies beside this one.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Command } from "commander";
import { exitCodeHelp } from "./exit-codes.ts";
import { requireOptions } from "./parse-options.ts";

export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("run the language server")
    .description("Runs the Tagwright language server, which any editor that speaks LSP can start.")
    .option("--stdio", "talk LSP over standard input and output (required)")
    .addHelpText("after", `\nExample:\n  tagwright serve --stdio\n${exitCodeHelp}`)
    .action((_options: object, command: Command) => {
      requireOptions(command, ["stdio"]);
      serve();
    });
}

/** Runs the server's bundle in this process: it reads `--stdio` from the arguments and owns the process from here on. */
function serve(): void {
  const server = path.join(path.dirname(__filename), "server.cjs");
  if (existsSync(server)) {
    createRequire(__filename)(server);
    return;
  }
  process.stderr.write(`Error: ${server} is missing; build Tagwright again with "npm run build"\n`);
  process.exitCode = 1;
}
