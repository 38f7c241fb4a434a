// One workspace folder as the features see it: settings, model, taxonomy, and the tags in use. Multi-root workspaces
// have several; documents outside any share one that has no root.
import type { Suggestion } from "@tagwright/model";
import type { CancellationToken } from "vscode-languageserver";
import type { Analysis } from "../analysis.ts";
import { describe, type Log } from "../guard.ts";
import { type AskOptions, FolderModel } from "../model/folder-model.ts";
import { locateTaxonomy } from "../model/locate.ts";
import type { WorkerHost } from "../model/worker-host.ts";
import type { ConceptInfo, VocabularyEntry } from "../model/worker-messages.ts";
import type { FolderStatus } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import { filePath } from "../uris.ts";
import { type Scan, scan } from "./scan.ts";

export interface FolderOptions {
  readonly uri: string;
  readonly trusted: boolean;
  readonly settings: Settings;
  /** Globs of files that are not counted. Default: what the folder's own settings of the editor say. */
  readonly exclude: readonly string[] | undefined;
  readonly host: WorkerHost;
  readonly log: Log;
  readonly onStatus: (status: FolderStatus) => void;
}

const shortWaitMs = 250;
const recountAfterMs = 1000;

export class Folder {
  readonly model: FolderModel;
  readonly #options: FolderOptions;
  #taxonomy: Promise<string | undefined> | undefined;
  #scan: Promise<Scan> | undefined;
  #found: Scan | undefined;
  #lookMs = 0;
  #recounting: NodeJS.Timeout | undefined;
  #busy = 0;
  #slow: number | undefined;

  constructor(options: FolderOptions) {
    this.#options = options;
    const { settings, host, log, trusted } = options;
    const place = { root: this.root, trusted };
    this.model = new FolderModel({ place, settings, host, log, onChange: () => this.#changed() });
  }

  get uri(): string {
    return this.#options.uri;
  }

  get root(): string | undefined {
    return filePath(this.#options.uri);
  }

  get settings(): Settings {
    return this.#options.settings;
  }

  get status(): FolderStatus {
    return {
      folder: this.uri,
      modelFolder: this.model.folder,
      state: this.model.state,
      busy: this.#busy > 0,
      ...(this.#slow !== undefined && { slowMilliseconds: this.#slow }),
    };
  }

  /** Loads what there is; the features work, with less to say, until it is there. */
  async start(): Promise<void> {
    await this.model.refresh();
    await this.taxonomy();
    await this.#count();
    this.#announce();
  }

  /** Suggestions that take longer than the time budget show in the status. @throws Cancelled */
  async suggest(analysis: Analysis, ask: AskOptions = {}, k?: number): Promise<readonly Suggestion[]> {
    const start = performance.now();
    const suggestions = await this.model.suggest(analysis, ask, k);
    const took = Math.round(performance.now() - start);
    const slow = took > this.settings.timeBudgetMs ? took : undefined;
    if (!ask.background && slow !== this.#slow) {
      this.#slow = slow;
      if (slow !== undefined) this.#options.log.warn(`${analysis.source.path}: suggestions took ${slow} ms`);
      this.#announce();
    }
    return suggestions;
  }

  /** The same for several documents at once, in the background. @throws Cancelled */
  suggestMany(analyses: readonly Analysis[], token: CancellationToken): Promise<readonly (readonly Suggestion[])[]> {
    return this.model.suggestMany(analyses, { token, background: true, patient: true });
  }

  /** What the taxonomy says about a tag. */
  async concept(tag: string, token?: CancellationToken): Promise<ConceptInfo | undefined> {
    const file = await this.#openedTaxonomy();
    if (file === undefined) return undefined;
    return (await this.#options.host.request("concept", { file, tag }, token && { token })) ?? undefined;
  }

  /** Known tags that a prefix could mean: taxonomy, model, and what other documents carry. */
  async vocabulary(prefix: string, limit: number, token?: CancellationToken): Promise<readonly VocabularyEntry[]> {
    const params = { folder: this.model.searchable, taxonomy: await this.#openedTaxonomy(), prefix, limit };
    const known = await this.#options.host.request("search", params, token && { token });
    const seen = new Set(known.map((it) => it.tag.toLowerCase()));
    const key = prefix.toLowerCase();
    const used = [...(this.#found?.tags.keys() ?? [])];
    const more = used.filter((it) => it.toLowerCase().includes(key) && !seen.has(it.toLowerCase()));
    return [...known, ...more.map((tag) => ({ tag, altLabels: [], path: [] }))].slice(0, limit);
  }

  /** The file of the taxonomy once it is open; undefined where there is none or it cannot be read. */
  taxonomy(): Promise<string | undefined> {
    this.#taxonomy ??= this.#openTaxonomy();
    return this.#taxonomy;
  }

  /** Shows the folder as busy until `work` is done. */
  async whileBusy<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++;
    this.#announce();
    try {
      return await work();
    } finally {
      this.#busy--;
      this.#announce();
    }
  }

  /** The documents have changed, by a batch or a training: count them again. */
  async recount(): Promise<void> {
    await this.#scan;
    this.#scan = undefined;
    await this.#count();
  }

  /** A document was saved, or another program changed it. Without a model the count says what to do next: taken again. */
  fileChanged(): void {
    if (this.model.state.kind !== "none" || this.#recounting !== undefined) return;
    // Changes come in rows; and a count of a large folder may take at most a tenth of the time.
    const wait = Math.max(recountAfterMs, 9 * this.#lookMs);
    this.#recounting = setTimeout(() => {
      this.#recounting = undefined;
      void this.recount();
    }, wait).unref();
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#recounting);
    await this.model.dispose();
  }

  /** The worker thread died and everything open in it is gone. */
  forget(): void {
    this.#taxonomy = undefined;
    this.model.forget();
  }

  /** An answer does not wait for a large taxonomy: it is without it until it is there. */
  #openedTaxonomy(): Promise<string | undefined> {
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), shortWaitMs).unref());
    return Promise.race([this.taxonomy(), late]);
  }

  async #openTaxonomy(): Promise<string | undefined> {
    const { trusted, settings, host, log } = this.#options;
    const file = await locateTaxonomy({ root: this.root, trusted }, settings);
    if (file === undefined) return undefined;
    try {
      const { concepts, warnings } = await host.request("openTaxonomy", { file });
      log.info(`${file}: ${concepts} concepts`);
      for (const it of warnings) log.warn(`${file}: ${it}`);
      return file;
    } catch (error) {
      log.error(describe(error));
      return undefined;
    }
  }

  async #count(): Promise<void> {
    this.#scan ??= this.#look();
    this.#found = await this.#scan;
    this.model.setTaggedDocuments(this.#found.taggedDocuments);
  }

  /** What is not on disk, or cannot be read, has nothing to train on. */
  async #look(): Promise<Scan> {
    const nothing = { documents: 0, taggedDocuments: 0, tags: new Map() };
    const { root } = this;
    if (root === undefined) return nothing;
    const { exclude, log } = this.#options;
    const start = performance.now();
    try {
      return await scan(root, { tagOptions: this.settings.tagOptions, ...(exclude && { exclude }) });
    } catch (error) {
      log.error(`${root}: ${describe(error)}`);
      return nothing;
    } finally {
      this.#lookMs = performance.now() - start;
    }
  }

  #changed(): void {
    this.#announce();
    // The model is gone: say again how many documents a training would have.
    if (this.model.state.kind === "none" && this.model.state.taggedDocuments === undefined) {
      if (this.#found !== undefined) this.model.setTaggedDocuments(this.#found.taggedDocuments);
    }
  }

  #announce(): void {
    this.#options.onStatus(this.status);
  }
}
