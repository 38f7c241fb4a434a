// The process of the language server: `--stdio` for any editor, `--node-ipc` from VS Code, `--socket=port` to debug.
import { readFileSync } from "node:fs";
import path from "node:path";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { serve } from "./server.ts";

const { version } = JSON.parse(readFileSync(path.join(__dirname, "../package.json"), "utf8")) as { version: string };
const connection = createConnection(ProposedFeatures.all);
serve(connection, { version, workerScript: path.join(__dirname, "server-worker.cjs") });
connection.listen();
