// The state of one connection: trust, settings, workspace folders, the worker thread. Knows the editor only through the
// few functions that it is given.
import { isDeepStrictEqual } from "node:util";
import { siteTagOptions } from "@tagwright/documents";
import type { TextDocuments } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type Analyse, createAnalyse } from "./analysis.ts";
import type { DocumentContext } from "./features/context.ts";
import { Cancelled, describe, type Log } from "./guard.ts";
import { WorkerHost } from "./model/worker-host.ts";
import type { Diagnostics, FolderStatus } from "./protocol.ts";
import { defaultSettings, isEnabledFor, parseExcludes, parseSettings, type Settings } from "./settings.ts";
import { filePath, isInside, savedPath } from "./uris.ts";
import { Folder } from "./workspace/folder.ts";

export interface SessionOptions {
  readonly workerScript: string;
  readonly log: Log;
  readonly documents: Pick<TextDocuments<TextDocument>, "get">;
  /** The `tagwright` section for a folder; undefined for what lies outside any. */
  readonly fetchSettings: (folder: string | undefined) => Promise<unknown>;
  /** The values of `files.exclude` and `search.exclude` for a folder, whoever set them; undefined where the editor has none. */
  readonly fetchExcludes: (folder: string) => Promise<readonly unknown[] | undefined>;
  readonly onStatus: (status: FolderStatus) => void;
}

/** What the editor says of a folder. */
interface Configuration {
  readonly settings: Settings;
  readonly exclude: readonly string[] | undefined;
}

/** Documents outside every workspace folder belong to this one. */
const outside = "";

export class Session {
  readonly analyse: Analyse = createAnalyse();
  readonly #options: SessionOptions;
  readonly #host: WorkerHost;
  readonly #folders = new Map<string, Promise<Folder>>();
  /** Those that are made, for what must not wait. */
  readonly #made = new Map<string, Folder>();
  /** Of those that are made. */
  readonly #configurations = new Map<string, Configuration>();
  readonly #idle: NodeJS.Timeout;
  #uris: readonly string[] = [];
  #trusted = false;
  /** Counts up whenever all folders are let go. */
  #generation = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#host = new WorkerHost({
      script: options.workerScript,
      log: options.log,
      onDeath: () => this.#workerDied(),
      onEvent: ({ folder, model, state }) => {
        for (const it of this.#made.values()) if (it.model.folder === folder) it.model.encoderChanged(model, state);
      },
    });
    this.#idle = setInterval(() => void this.#unloadIdle(), 60_000).unref();
  }

  /** Starts anew with these folders; what was open is let go. */
  async open(uris: readonly string[], trusted = this.#trusted): Promise<void> {
    await this.#closeFolders();
    this.#uris = uris;
    this.#trusted = trusted;
    for (const uri of uris.length > 0 ? uris : [outside]) this.#announce(uri);
  }

  get folderUris(): readonly string[] {
    return this.#uris;
  }

  /**
   * Settings may have changed: where they have, every folder is made again with them. An editor says so at the start, too,
   * and a model need not be opened twice for that.
   */
  async reconfigure(): Promise<void> {
    const known = [...this.#configurations];
    const now = await Promise.all(known.map(([uri]) => this.#configurationOf(uri)));
    const isSame = known.every(([, it], i) => isDeepStrictEqual(it, now[i]));
    if (!isSame || known.length < this.#folders.size) await this.reload();
  }

  /** Settings or trust have changed: every folder is made again with them. */
  async reload({ trusted = this.#trusted } = {}): Promise<void> {
    this.#host.reset();
    await this.open(this.#uris, trusted);
  }

  /** The innermost folder of a document. One that is in none, and not on disk either, belongs to the only folder. */
  folderOf(uri: string): Promise<Folder> {
    const file = savedPath(uri);
    const containing = this.#uris.filter((it) => {
      const root = filePath(it);
      return root === undefined || file === undefined ? uri.startsWith(`${it}/`) : isInside(file, root);
    });
    const [innermost] = containing.sort((a, b) => b.length - a.length);
    const only = this.#uris.length === 1 && !uri.startsWith("file:") ? this.#uris[0] : undefined;
    return this.folder(innermost ?? only ?? outside);
  }

  folder(uri: string): Promise<Folder> {
    const known = this.#folders.get(uri);
    if (known !== undefined) return known;
    const made = this.#make(uri);
    this.#folders.set(uri, made);
    return made;
  }

  /** What the features get; undefined for a document that is not open, or whose language is switched off. */
  async context(uri: string): Promise<DocumentContext | undefined> {
    const open = this.#options.documents.get(uri);
    if (open === undefined) return undefined;
    const folder = await this.folderOf(uri);
    const { languageId, version } = open;
    if (!isEnabledFor(folder.settings, languageId)) return undefined;
    const text = open.getText();
    // The open document changes in place with each key; positions and version must be those of the text that is read.
    const document = TextDocument.create(uri, languageId, version, text);
    return { document, folder, analysis: this.analyse(uri, text, folder.settings.tagOptions) };
  }

  /** For edits, which an editor may put into a newer version than they were made for. @throws Cancelled */
  throwIfChanged({ uri, version }: TextDocument): void {
    if (this.#options.documents.get(uri)?.version !== version) throw new Cancelled();
  }

  /** The text of a document has changed: nobody waits for answers about the old one. */
  documentChanged(uri: string): void {
    this.#host.dropStale(uri);
  }

  /** The file of a document was saved, made, changed or deleted. */
  async fileChanged(uri: string): Promise<void> {
    (await this.folderOf(uri)).fileChanged();
  }

  diagnostics(version: string): Diagnostics {
    return {
      server: version,
      node: process.version,
      pid: process.pid,
      memoryBytes: process.memoryUsage().rss,
      workerRestarts: this.#host.restarts,
      workerRequests: this.#host.asked,
      folders: [...this.#made.values()].map((it) => it.status),
    };
  }

  async dispose(): Promise<void> {
    clearInterval(this.#idle);
    await this.#host.dispose();
  }

  async #make(uri: string): Promise<Folder> {
    const { log, onStatus } = this.#options;
    const generation = this.#generation;
    const configuration = await this.#configurationOf(uri);
    // Let go while its settings were fetched: a later one has its place, and must not lose it to this one.
    if (generation !== this.#generation) return this.folder(uri);
    const host = this.#host;
    const folder = new Folder({ uri, trusted: this.#trusted, ...configuration, host, log, onStatus });
    this.#made.set(uri, folder);
    this.#configurations.set(uri, configuration);
    void folder.start().catch((error: unknown) => log.error(describe(error)));
    return folder;
  }

  async #configurationOf(uri: string): Promise<Configuration> {
    const [settings, exclude] = await Promise.all([this.#settingsOf(uri), this.#excludesOf(uri)]);
    return { settings, exclude };
  }

  async #settingsOf(uri: string): Promise<Settings> {
    const { fetchSettings, log } = this.#options;
    try {
      const { settings, problems } = parseSettings(await fetchSettings(uri === outside ? undefined : uri));
      for (const it of problems) log.warn(it);
      const root = filePath(uri);
      const inferred = root === undefined ? {} : await siteTagOptions(root);
      return { ...settings, tagOptions: { ...inferred, ...settings.tagOptions } };
    } catch (error) {
      log.warn(`the editor gave no settings, so the defaults are used: ${describe(error)}`);
      return defaultSettings;
    }
  }

  async #excludesOf(uri: string): Promise<readonly string[] | undefined> {
    const { fetchExcludes, log } = this.#options;
    try {
      return uri === outside ? undefined : parseExcludes(await fetchExcludes(uri));
    } catch (error) {
      log.warn(`the editor did not say what it excludes, so the folder's own settings count: ${describe(error)}`);
      return undefined;
    }
  }

  #announce(uri: string): void {
    void this.folder(uri).then((it) => this.#options.onStatus(it.status));
  }

  async #closeFolders(): Promise<void> {
    const folders = [...this.#made.values()];
    this.#generation++;
    this.#folders.clear();
    this.#made.clear();
    this.#configurations.clear();
    await Promise.all(folders.map((it) => it.dispose().catch(() => undefined)));
  }

  #workerDied(): void {
    for (const folder of this.#made.values()) folder.forget();
  }

  async #unloadIdle(): Promise<void> {
    for (const folder of this.#made.values()) await folder.model.unloadWhenIdle().catch(() => undefined);
  }
}
