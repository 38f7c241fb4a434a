// A pause for the event loop in a long computation.

const BREATHE_MS = 50;

/** Lets timers, signals and messages through. @throws the signal's reason when aborted. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

/** Breathes where it is called long after the last time: for the turns of a loop that may be short or long. */
export function newBreather(signal?: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < BREATHE_MS) return;
    await breathe(signal);
    last = performance.now();
  };
}
