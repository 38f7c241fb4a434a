// Matchers and arbitraries for the tests of all packages.

export { hundredths } from "./arbitraries.ts";
export { type LspClient, type LspClientOptions, LspError, startLspClient } from "./lsp-client.ts";
export { expectAllClose } from "./matchers.ts";
export { scratchFolder } from "./scratch-folder.ts";
