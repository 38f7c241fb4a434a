#!/usr/bin/env node
// The command that npm links; the program itself is the bundle that `npm run build` writes.
require("../../dist/tagwright.cjs");
