// Matchers and arbitraries for the tests of all packages.

export { hundredths } from "./arbitraries.ts";
export { expectAllClose } from "./matchers.ts";
export { scratchFolder } from "./scratch-folder.ts";
