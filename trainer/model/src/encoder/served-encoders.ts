// All encoders of an open model as one: ready when each is, failed when one is. They are loaded one after the other, and
// read a text one after the other, since each of them uses all cores.
import { EncoderError, ModelFolderError } from "../errors.ts";
import type { EncoderState } from "../types.ts";
import type { Passages } from "./passages.ts";
import { ServedEncoder } from "./served-encoder.ts";
import type { EncoderSession } from "./session.ts";

export interface EncoderToServe {
  /** Names it in what is said of a failure; left out where there is no other. */
  readonly name?: string | undefined;
  /** Reads the files and starts the session. */
  readonly open: () => Promise<EncoderSession>;
}

/** What is read of a text, from least to most. */
const reads = ["beginning", "parts", "whole"] as const;

/** Owns the sessions. */
export class ServedEncoders {
  /** Settles when all encoders are ready, or one has failed, rejecting with the reason. */
  readonly opened: Promise<unknown>;
  readonly #encoders: readonly ServedEncoder[];
  readonly #onChange: ((state: EncoderState) => void) | undefined;
  #state: EncoderState;

  /** @param onChange called after each change of `state`. */
  constructor(encoders: readonly EncoderToServe[], onChange?: (state: EncoderState) => void) {
    this.#onChange = onChange;
    this.#state = { kind: encoders.length === 0 ? "none" : "loading" };
    let before: Promise<unknown> = Promise.resolve();
    this.#encoders = encoders.map(({ name, open }) => {
      const turn = before;
      const encoder = new ServedEncoder({
        open: () => turn.then(open),
        onChange: (state) => this.#changed(state, name),
      });
      before = encoder.opened;
      return encoder;
    });
    this.opened = Promise.all(this.#encoders.map((it, e) => it.opened.catch(named(encoders[e]!.name))));
    // Who does not wait for them looks at the state.
    this.opened.catch(() => undefined);
  }

  get state(): EncoderState {
    return this.#state;
  }

  /** Unit embeddings of `texts` by each encoder; undefined unless all are ready. @throws only the signal's reason. */
  async encode(texts: readonly string[], signal?: AbortSignal): Promise<(readonly Float32Array[])[] | undefined> {
    signal?.throwIfAborted();
    if (this.#state.kind !== "ready") return undefined;
    const embeddings: (readonly Float32Array[])[] = [];
    for (const encoder of this.#encoders) {
      const found = await encoder.encode(texts, signal);
      if (found === undefined) return undefined;
      embeddings.push(found);
    }
    return embeddings;
  }

  /** What every encoder reads of a text at least; undefined unless all are ready. */
  look(text: string): (typeof reads)[number] | undefined {
    if (this.#state.kind !== "ready") return undefined;
    const looks = this.#encoders.map((it) => describeRead(it.look(text)));
    return reads.find((it) => looks.includes(it));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#encoders.map((it) => it.dispose()));
  }

  #changed(state: EncoderState, name: string | undefined): void {
    // The others are closed after a failure: without one of them they are of no use.
    if (this.#state.kind === "failed") return;
    if (state.kind === "failed") {
      this.#state = name === undefined ? state : { kind: "failed", reason: `${name}: ${state.reason}` };
      this.dispose().catch(() => undefined);
    } else if (state.kind === "ready" && this.#encoders.every((it) => it.state.kind === "ready")) {
      this.#state = state;
    } else return;
    this.#onChange?.(this.#state);
  }
}

/** For `catch`: the same error, with the name of its encoder. */
function named(name: string | undefined): (error: unknown) => never {
  return (error) => {
    if (name === undefined) throw error;
    if (error instanceof EncoderError) throw new EncoderError(`${name}: ${error.message}`, { cause: error });
    if (!(error instanceof ModelFolderError)) throw error;
    throw new ModelFolderError({ ...error.fault, place: `${name}: ${error.fault.place}` }, { cause: error });
  };
}

function describeRead(read: Passages["read"] | undefined): (typeof reads)[number] | undefined {
  return read && (read.whole ? "whole" : read.tail ? "parts" : "beginning");
}
