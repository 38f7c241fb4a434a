// How much memory this process may use: that of the machine, or of the container that it runs in.
import os from "node:os";

/** Bytes. */
export function machineMemory(): number {
  return Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
