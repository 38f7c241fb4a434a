// Owns the worker thread that holds models and taxonomies. One request is with the worker at a time and the others wait
// here, so a cancelled one never reaches it and a key stroke overtakes a batch. When the thread dies, its request
// fails, the next one starts a new thread, and the server lives on.
import { Worker } from "node:worker_threads";
import type { CancellationToken } from "vscode-languageserver";
import { Cancelled, type Log } from "../guard.ts";
import {
  closeMessage,
  type OperationName,
  type Operations,
  type WorkerEvent,
  type WorkerReply,
  type WorkerRequest,
} from "./worker-messages.ts";

/** The worker thread ended while it held a request, or it ends again and again. */
export class WorkerDied extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WorkerDied";
  }
}

export interface RequestOptions {
  readonly token?: CancellationToken;
  /** Background requests wait until no other is left. */
  readonly background?: boolean;
  /** The URI of the document that is asked about: the request is worth nothing once that has changed. */
  readonly document?: string;
}

interface Pending {
  readonly request: WorkerRequest;
  readonly background: boolean;
  readonly document: string | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** After this many deaths within the window the host gives up until `reset`. */
const maxDeaths = 4;
const deathWindowMs = 180_000;
/** A batch of an encoder takes a fraction of it; an editor waits for about as long when it closes a server. */
const maxClosingMs = 1500;

export interface WorkerHostOptions {
  /** The script of the thread. */
  readonly script: string;
  readonly log: Log;
  /** Called after a death: whatever was open in the thread is gone. */
  readonly onDeath: () => void;
  readonly onEvent?: (event: WorkerEvent) => void;
  /** A request that holds the thread longer is taken for hung, and the thread is ended. */
  readonly hangMs?: number;
}

export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #queue: Pending[] = [];
  readonly #deaths: number[] = [];
  #worker: Worker | undefined;
  #current: Pending | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #nextId = 0;
  #restarts = 0;
  #asked = 0;
  #disposed = false;
  /** How much the thread has under way, as it says itself. */
  readonly #busy = new Int32Array(new SharedArrayBuffer(4));
  readonly #atExit = () => this.#waitForIdle();

  constructor(options: WorkerHostOptions) {
    this.#options = options;
    process.once("exit", this.#atExit);
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Requests that the thread was given so far. */
  get asked(): number {
    return this.#asked;
  }

  /** @throws Cancelled, WorkerDied, or an Error with the message of the operation. */
  request<K extends OperationName>(
    operation: K,
    params: Operations[K]["params"],
    { token, background = false, document }: RequestOptions = {},
  ): Promise<Operations[K]["result"]> {
    return new Promise((resolve, reject) => {
      if (token?.isCancellationRequested) return reject(new Cancelled());
      const request = { id: this.#nextId++, operation, params } as WorkerRequest;
      const pending: Pending = {
        request,
        background,
        document,
        resolve: (result) => resolve(result as Operations[K]["result"]),
        reject,
      };
      this.#queue.push(pending);
      token?.onCancellationRequested(() => {
        const at = this.#queue.indexOf(pending);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(new Cancelled());
      });
      this.#pump();
    });
  }

  /** A document has a newer version: what still waits to be asked about the old one fails as cancelled. */
  dropStale(document: string): void {
    for (const it of this.#queue.filter((pending) => pending.document === document)) {
      this.#queue.splice(this.#queue.indexOf(it), 1);
      it.reject(new Cancelled());
    }
  }

  /** Forgets past deaths: the user asked to try again. */
  reset(): void {
    this.#deaths.length = 0;
  }

  /**
   * Rejects what is under way and waits until the thread has ended, by itself where it can: onnxruntime takes the whole
   * process down when its thread is ended in the middle of a run.
   */
  async dispose(): Promise<void> {
    this.#disposed = true;
    process.off("exit", this.#atExit);
    this.#fail(new WorkerDied("the server is shutting down"));
    for (const it of this.#queue.splice(0)) it.reject(new WorkerDied("the server is shutting down"));
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    worker.postMessage(closeMessage);
    const timer = setTimeout(() => void worker.terminate(), maxClosingMs);
    await ended;
    clearTimeout(timer);
  }

  #pump(): void {
    if (this.#current !== undefined || this.#disposed) return;
    const urgent = this.#queue.findIndex((it) => !it.background);
    const [next] = this.#queue.splice(Math.max(0, urgent), 1);
    if (next === undefined) return;
    const worker = this.#start();
    if (worker === undefined) {
      next.reject(
        new WorkerDied(`the model thread ended ${maxDeaths} times in a row; restart the server to try again`),
      );
      this.#pump();
      return;
    }
    this.#current = next;
    this.#watchdog = setTimeout(() => void worker.terminate(), this.#options.hangMs ?? 120_000).unref();
    this.#asked++;
    worker.postMessage(next.request);
  }

  #start(): Worker | undefined {
    if (this.#worker !== undefined) return this.#worker;
    const since = Date.now() - deathWindowMs;
    if (this.#deaths.filter((it) => it > since).length >= maxDeaths) return undefined;
    const worker = new Worker(this.#options.script, { stdout: true, stderr: true, workerData: this.#busy });
    // What a native library prints must not reach stdout, which may carry the protocol.
    worker.stdout.on("data", (it: Buffer) => this.#options.log.debug(`worker: ${it.toString().trimEnd()}`));
    worker.stderr.on("data", (it: Buffer) => this.#options.log.warn(`worker: ${it.toString().trimEnd()}`));
    worker.on("message", (message: WorkerReply | WorkerEvent) => {
      if ("event" in message) this.#options.onEvent?.(message);
      else this.#settle(message);
    });
    worker.on("error", (error) => this.#options.log.error(`the model thread failed: ${error.message}`));
    worker.on("exit", (code) => this.#died(worker, code));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #settle(reply: WorkerReply): void {
    const current = this.#current;
    if (current === undefined || current.request.id !== reply.id) return;
    this.#current = undefined;
    clearTimeout(this.#watchdog);
    if (reply.ok) current.resolve(reply.result);
    else current.reject(new Error(reply.message));
    this.#pump();
  }

  #died(worker: Worker, code: number): void {
    if (this.#worker !== worker || this.#disposed) return;
    this.#worker = undefined;
    Atomics.store(this.#busy, 0, 0);
    this.#deaths.push(Date.now());
    this.#restarts++;
    this.#options.log.error(`the model thread ended with code ${code}; it starts again with the next request`);
    this.#options.onDeath();
    this.#fail(new WorkerDied(`the model thread ended with code ${code}`));
    this.#pump();
  }

  /** For a process that ends without `dispose`, since its editor is gone: a run is waited for, as there. */
  #waitForIdle(): void {
    this.#worker?.postMessage(closeMessage);
    const until = Date.now() + maxClosingMs;
    for (let busy = 1; busy > 0 && Date.now() < until; ) {
      busy = Atomics.load(this.#busy, 0);
      if (busy > 0) Atomics.wait(this.#busy, 0, busy, Math.max(0, until - Date.now()));
    }
  }

  #fail(error: Error): void {
    clearTimeout(this.#watchdog);
    this.#current?.reject(error);
    this.#current = undefined;
  }
}
