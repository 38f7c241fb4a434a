// The encoder of an open model over time: being loaded, at work, or failed. Asking never fails for want of it: there is
// an embedding, or there is none yet. Embeddings of recent texts are kept, since suggestions, explanations and longer
// lists ask for the same text one after the other.
import { createHash } from "node:crypto";
import type { EncoderState } from "../types.ts";
import type { Passages } from "./passages.ts";
import type { EncoderSession } from "./session.ts";

/** Embeddings kept: 1.5 KB each for MiniLM. */
const cacheSize = 512;

export interface ServedEncoderOptions {
  /** Reads the files and starts the session. */
  readonly open: () => Promise<EncoderSession>;
  /** After each change of `state`. */
  readonly onChange?: ((state: EncoderState) => void) | undefined;
}

/** Owns the session. */
export class ServedEncoder {
  /** Settles when the encoder is ready, with it, or has failed, rejecting with the reason. */
  readonly opened: Promise<void>;
  readonly #options: ServedEncoderOptions;
  readonly #cache = new Map<string, Float32Array>();
  #state: EncoderState = { kind: "loading" };
  #encoder: EncoderSession | undefined;
  #disposed = false;

  constructor(options: ServedEncoderOptions) {
    this.#options = options;
    this.opened = this.#open();
    // Who does not wait for it looks at the state.
    this.opened.catch(() => undefined);
  }

  get state(): EncoderState {
    return this.#state;
  }

  /** Unit embeddings of `texts`; undefined while there is no encoder. @throws only the signal's reason. */
  async encode(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[] | undefined> {
    signal?.throwIfAborted();
    if (this.#encoder === undefined) return undefined;
    const keys = texts.map((it) => createHash("sha256").update(it).digest("base64"));
    const known = new Map(keys.map((key) => [key, this.#cache.get(key)]));
    const missing = [...known.keys()].filter((key) => known.get(key) === undefined);
    try {
      const found = await this.#encoder.encode(
        missing.map((key) => texts[keys.indexOf(key)]!),
        signal,
      );
      for (const [i, key] of missing.entries()) known.set(key, found[i]!);
    } catch (error) {
      if (signal?.aborted) throw error;
      await this.#fail(error);
      return undefined;
    }
    for (const [key, embedding] of known) this.#remember(key, embedding!);
    return keys.map((key) => known.get(key)!);
  }

  /** What is read of a text; undefined while there is no encoder. */
  look(text: string): Passages["read"] | undefined {
    return this.#encoder?.look(text);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#cache.clear();
    const encoder = this.#encoder;
    this.#encoder = undefined;
    await encoder?.dispose();
  }

  async #open(): Promise<void> {
    let encoder: EncoderSession;
    try {
      encoder = await this.#options.open();
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
    if (this.#disposed) return encoder.dispose();
    this.#encoder = encoder;
    this.#setState({ kind: "ready" });
  }

  /** A graph that failed once is not asked again: what it would answer next is not worth more. */
  async #fail(error: unknown): Promise<void> {
    if (this.#disposed) return;
    this.#setState({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
    const encoder = this.#encoder;
    this.#encoder = undefined;
    await encoder?.dispose();
  }

  #setState(state: EncoderState): void {
    this.#state = state;
    this.#options.onChange?.(state);
  }

  #remember(key: string, embedding: Float32Array): void {
    this.#cache.delete(key);
    this.#cache.set(key, embedding);
    if (this.#cache.size <= cacheSize) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      return;
    }
  }
}
