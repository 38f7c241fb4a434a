// The bound on a run's memory. What would need more is refused before it starts; what takes more all the same is stopped.

/** A run over its limit; the message names the setting that helps. */
export class MemoryLimitError extends Error {
  override readonly name = "MemoryLimitError";

  /** @param what needs, or has in use, the bytes `found` where `limitBytes` are allowed */
  constructor(
    what: string,
    limitBytes: number,
    found: { readonly needed: number } | { readonly used: number },
    cure: string,
  ) {
    const how = "needed" in found ? `about ${megabytes(found.needed)} needed` : `${megabytes(found.used)} in use`;
    super(`${what}: at most ${megabytes(limitBytes)} of memory expected, ${how}; ${cure}`);
  }
}

function megabytes(count: number): string {
  return `${Math.ceil(count / 2 ** 20).toLocaleString("en")} MiB`;
}
