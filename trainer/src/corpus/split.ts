// The held-out split: a property of the document's id alone, so that it survives reordering, growth and other machines.
import { createHash } from "node:crypto";

/**
 * Whether document `id` is held out when `percent` (0 to 100) of all documents are.
 * The rule: the first 8 hexadecimal digits of SHA-1(salt + id), modulo 100, are below `percent`.
 *
 * A corpus that was itself cut by this rule with no salt has nothing left below its percentage: a split inside a
 * training part (for calibration, say) needs a salt of its own.
 */
export function isHeldOut(id: string, percent: number, salt = ""): boolean {
  return percent > 0 && heldOutBucket(id, salt) < percent;
}

/** The number from 0 to 99 that the rule compares with the percentage. */
export function heldOutBucket(id: string, salt = ""): number {
  return (
    createHash("sha1")
      .update(salt + id)
      .digest()
      .readUInt32BE(0) % 100
  );
}
