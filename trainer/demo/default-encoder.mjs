// Gets the default encoder for `npm run demo` and `npm test` where any of its places can be reached. It is kept below
// node_modules/.cache, or where TAGWRIGHT_HOME says, so that only the first run needs a network.
import { spawnSync } from "node:child_process";
import path from "node:path";

/**
 * Runs `tagwright encoder get` of the built program and shows what it says. Returns its TAGWRIGHT_HOME, or undefined where
 * the encoder cannot be had.
 */
export function getDefaultEncoder(root) {
  const home = process.env.TAGWRIGHT_HOME ?? path.join(root, "node_modules", ".cache", "tagwright");
  const { status } = spawnSync(process.execPath, [path.join(root, "dist", "tagwright.cjs"), "encoder", "get"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, TAGWRIGHT_HOME: home },
  });
  return status === 0 ? home : undefined;
}
