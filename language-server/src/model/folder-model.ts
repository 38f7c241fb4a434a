// The model of one workspace folder over time: found, loaded, used, replaced by a newer one, let go after idleness,
// lost with the worker thread. Asking while there is none answers empty and quickly.
import type { EncoderState, Explanation, ModelInfo, Suggestion } from "@tagwright/model";
import type { CancellationToken } from "vscode-languageserver";
import type { Analysis } from "../analysis.ts";
import { describe, type Log } from "../guard.ts";
import { LruCache } from "../lru-cache.ts";
import type { ModelState } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import { locateModel, modelStamp, type Place } from "./locate.ts";
import type { WorkerHost } from "./worker-host.ts";

export interface AskOptions {
  readonly token?: CancellationToken;
  readonly background?: boolean;
  /** Waits for a model and its encoder that are being loaded, instead of answering empty or from words alone. */
  readonly patient?: boolean;
  /** The document that is asked about, where the question is worth nothing once that has changed. */
  readonly document?: string;
}

export interface FolderModelOptions {
  readonly place: Place;
  readonly settings: Settings;
  readonly host: WorkerHost;
  readonly log: Log;
  /** Called after each change of `state`. */
  readonly onChange: () => void;
}

/** The file system is asked at most this often whether there is another model. */
const checkEveryMs = 1000;
/** An impatient request waits so long for a model that is being loaded: most load faster. */
const shortWaitMs = 250;
/** A patient request waits so long for an encoder: the largest take seconds. */
const longWaitMs = 60_000;
/** Enough for a full list in completion; one number for all features, so that they share the cache. */
const suggestionCount = 20;

let holders = 0;

export class FolderModel {
  readonly #options: FolderModelOptions;
  /** Who it is to the worker, which may have opened the same model for others. */
  readonly #holder = holders++;
  readonly #cache = new LruCache<Suggestion[]>(200);
  #state: ModelState = { kind: "none" };
  #info: ModelInfo | undefined;
  #encoder: EncoderState = { kind: "none" };
  /** Told when the encoder is not being loaded any more. */
  readonly #waiting = new Set<() => void>();
  #loadMilliseconds = 0;
  #isOpen = false;
  #stamp: string | undefined;
  #checkedAt = 0;
  #usedAt = 0;
  #check: Promise<void> | undefined;

  constructor(options: FolderModelOptions) {
    this.#options = options;
  }

  get state(): ModelState {
    return this.#state;
  }

  get info(): ModelInfo | undefined {
    return this.#info;
  }

  /** Where the model is or would be; empty where no place is known. */
  get folder(): string {
    const located = locateModel(this.#options.place, this.#options.settings);
    return located === undefined || located === "restricted" ? "" : located;
  }

  /** Looks whether there is a model, and loads it where it is new. Never rejects. */
  refresh(force = false): Promise<void> {
    // A look that has begun may have missed what has changed since.
    if (this.#check !== undefined) return force ? this.#check.then(() => this.refresh(true)) : this.#check;
    const isRecent = Date.now() - this.#checkedAt < checkEveryMs;
    if (!force && isRecent && (this.#isOpen || this.#state.kind !== "ready")) return Promise.resolve();
    this.#check = this.#load(force).finally(() => {
      this.#checkedAt = Date.now();
      this.#check = undefined;
    });
    return this.#check;
  }

  /** The best labels for a document; empty where there is no model. @throws Cancelled */
  async suggest(analysis: Analysis, ask: AskOptions = {}, k = suggestionCount): Promise<readonly Suggestion[]> {
    return (await this.suggestMany([analysis], ask, k))[0]!;
  }

  /** The same for several documents in one question to the worker: an encoder reads texts of like length together. */
  async suggestMany(
    analyses: readonly Analysis[],
    ask: AskOptions = {},
    k = suggestionCount,
  ): Promise<readonly (readonly Suggestion[])[]> {
    if (!(await this.#isReady(ask))) return analyses.map(() => []);
    // What words alone have suggested is no answer any more once the encoder is there.
    const keyOf = ({ bodyHash }: Analysis, id: string | undefined, { kind }: EncoderState) =>
      `${id} ${kind} ${k} ${bodyHash}`;
    const known = analyses.map((it) => this.#cache.get(keyOf(it, this.#info?.id, this.#encoder)));
    const missing = analyses.filter((_, i) => known[i] === undefined);
    if (missing.length === 0) return known.map((it) => it!);
    const params = { folder: this.folder, texts: missing.map((it) => it.body), k };
    // A question that waits while a new model is read is answered by that.
    const { suggestions, model, encoder } = await this.#options.host.request("suggest", params, ask);
    for (const [i, it] of missing.entries()) this.#cache.set(keyOf(it, model, encoder), suggestions[i]!);
    let next = 0;
    return known.map((it) => it ?? suggestions[next++]!);
  }

  /** The worker tells how the encoder of model `id` is now. */
  encoderChanged(id: string, encoder: EncoderState): void {
    if (!this.#isOpen || this.#info?.id !== id) return;
    this.#setEncoder(encoder);
    const { log } = this.#options;
    if (encoder.kind === "ready") log.info(`${this.folder}: the encoder is ready`);
    if (encoder.kind === "failed") log.error(`${this.folder}: suggestions come from words alone: ${encoder.reason}`);
    this.#setReady(this.#info);
  }

  /** Why `tag` got its score; undefined where there is no model or it does not know the tag. @throws Cancelled */
  async explain({ body }: Analysis, tag: string, ask: AskOptions = {}): Promise<Explanation | undefined> {
    if (!(await this.#isReady(ask))) return undefined;
    const params = { folder: this.folder, text: body, tag, maxTerms: 12 };
    return (await this.#options.host.request("explain", params, ask)) ?? undefined;
  }

  /** What the model has replaced; undefined where nothing is kept. Rejects where that is damaged. */
  async previous(): Promise<ModelInfo | undefined> {
    const { folder } = this;
    if (folder === "") return undefined;
    return (await this.#options.host.request("previousModel", { folder })) ?? undefined;
  }

  /** The model and the previous one change places, and what is in place is used. Rejects where that cannot be. */
  async restore(): Promise<void> {
    const { folder } = this;
    if (folder === "") throw new Error("the model of this folder may not be used: the workspace is not trusted");
    await this.#options.host.request("restoreModel", { folder });
    this.#options.log.info(`${folder}: went back to the previous model`);
    await this.refresh(true);
  }

  /** The folder to search labels in; undefined while no model is open. */
  get searchable(): string | undefined {
    return this.#isOpen ? this.folder : undefined;
  }

  /** How many documents a training would have to learn from; shown while there is no model. */
  setTaggedDocuments(count: number): void {
    if (this.#state.kind === "none") this.#setState({ kind: "none", taggedDocuments: count });
  }

  /** The worker thread died: the model has to be loaded again, which the next request does. */
  forget(): void {
    this.#isOpen = false;
    this.#stamp = undefined;
    this.#checkedAt = 0;
    this.#setEncoder({ kind: "none" });
  }

  /** Frees the model after `unloadAfterMs` without a request; the next one loads it again. */
  async unloadWhenIdle(now = Date.now()): Promise<void> {
    const { settings, log } = this.#options;
    if (!this.#isOpen || settings.unloadAfterMs === 0 || now - this.#usedAt < settings.unloadAfterMs) return;
    await this.dispose();
    log.info(`${this.folder}: not used for ${settings.unloadAfterMs / 60_000} minutes, so it was let go`);
  }

  async dispose(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#setEncoder({ kind: "none" });
    await this.#options.host.request("closeModel", { folder: this.folder, holder: this.#holder });
  }

  async #isReady({ token, patient = false }: AskOptions): Promise<boolean> {
    this.#usedAt = Date.now();
    const loaded = this.refresh();
    if (patient) {
      await loaded;
      if (this.#encoder.kind === "loading") await Promise.race([this.#encoderSettled(), delay(longWaitMs)]);
    } else if (!this.#isOpen || this.#check !== undefined) {
      await Promise.race([loaded, delay(shortWaitMs)]);
    }
    return this.#isOpen && !(token?.isCancellationRequested ?? false);
  }

  async #load(force: boolean): Promise<void> {
    const { place, settings, host, log } = this.#options;
    const folder = locateModel(place, settings);
    if (folder === "restricted") return this.#setState({ kind: "restricted" });
    const stamp = folder === undefined ? undefined : await modelStamp(folder);
    if (folder === undefined || stamp === undefined) {
      this.#stamp = undefined;
      await this.dispose();
      if (this.#state.kind !== "none") this.#setState({ kind: "none" });
      return;
    }
    if (stamp === this.#stamp && (this.#isOpen || (this.#state.kind === "failed" && !force))) return;
    // The old model goes on answering while a new one is read; it was opened from files that a swap leaves readable.
    if (!this.#isOpen && this.#state.kind !== "ready") this.#setState({ kind: "loading" });
    this.#stamp = stamp;
    const start = performance.now();
    try {
      const { cacheBytes, encoderThreads: threads } = settings;
      const params = { folder, holder: this.#holder, cacheBytes, threads };
      const { info, encoder } = await host.request("openModel", params);
      this.#isOpen = true;
      this.#usedAt = Date.now();
      this.#info = info;
      this.#setEncoder(encoder);
      this.#loadMilliseconds = Math.round(performance.now() - start);
      log.info(`${folder}: ${info.numLabels} labels, loaded in ${this.#loadMilliseconds} ms`);
      this.#setReady(info);
    } catch (error) {
      await this.dispose();
      log.error(describe(error));
      this.#setState({ kind: "failed", message: describe(error) });
    }
  }

  #encoderSettled(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #setEncoder(encoder: EncoderState): void {
    this.#encoder = encoder;
    if (encoder.kind === "loading") return;
    for (const it of this.#waiting) it();
    this.#waiting.clear();
  }

  #setReady(info: ModelInfo): void {
    const encoder = this.#encoder;
    this.#setState({
      kind: "ready",
      id: info.id,
      labels: info.numLabels,
      documents: info.numDocuments,
      createdAt: info.createdAt,
      preset: info.preset,
      encoder: info.encoder,
      threshold: info.threshold,
      loadMilliseconds: this.#loadMilliseconds,
      ...(encoder.kind === "loading" && { lexical: { loading: true, reason: "the encoder is being loaded" } }),
      ...(encoder.kind === "failed" && { lexical: { loading: false, reason: encoder.reason } }),
    });
  }

  #setState(state: ModelState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onChange();
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
