// The language server over one connection: capabilities, and one guarded handler for each request. Speaks LSP 3.18 with
// any editor; the few requests beyond it are in protocol.ts.
import { taggableEndings } from "@tagwright/documents";
import {
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  PositionEncodingKind,
  ProgressType,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { codeActions, sourceKind } from "./features/code-actions.ts";
import { completion, emptyCompletion, resolveCompletion } from "./features/completion.ts";
import { documentSuggestions } from "./features/document-suggestions.ts";
import { hover } from "./features/hover.ts";
import { inlineCompletion } from "./features/inline-completion.ts";
import { asPlanItems, planItem } from "./features/plan.ts";
import { describePrevious, restoreModel } from "./features/restore-model.ts";
import { isTagSlot } from "./features/tag-slot.ts";
import { suggestWorkspace } from "./features/workspace-suggestions.ts";
import { guard, type Log, settle } from "./guard.ts";
import {
  type FolderStatus,
  methods,
  type PlannedEdits,
  type PreviousModel,
  type RestoreResult,
  type SuggestParams,
  type SuggestResult,
  type SuggestWorkspaceParams,
  type SuggestWorkspaceResult,
  type TagSlotParams,
  type WorkspaceProgress,
} from "./protocol.ts";
import { Session } from "./session.ts";
import { openTextOf } from "./workspace/open-text.ts";

export interface ServerOptions {
  readonly version: string;
  readonly workerScript: string;
}

/** A key stroke within this time makes the request before it worthless. */
const settleMs = 40;
const excludeSections = ["files.exclude", "search.exclude"];
const triggerCharacters = [",", "[", "-", " ", '"', "'", "#", ":"];

/** Registers everything on `connection`; the caller listens. */
export function serve(connection: Connection, { version, workerScript }: ServerOptions): void {
  const log = logTo(connection);
  const documents = new TextDocuments(TextDocument);
  let initialize: InitializeParams | undefined;
  const session = new Session({
    workerScript,
    log,
    documents,
    fetchSettings: async (folder) =>
      initialize?.capabilities.workspace?.configuration === true
        ? await connection.workspace.getConfiguration({
            section: "tagwright",
            ...(folder !== undefined && { scopeUri: folder }),
          })
        : initialize?.initializationOptions?.settings,
    fetchExcludes: async (scopeUri) =>
      initialize?.capabilities.workspace?.configuration === true
        ? await connection.workspace.getConfiguration(excludeSections.map((section) => ({ section, scopeUri })))
        : undefined,
    onStatus: (status: FolderStatus) => void connection.sendNotification(methods.status, status),
  });

  connection.onInitialize((params): InitializeResult => {
    initialize = params;
    return {
      serverInfo: { name: "tagwright", version },
      capabilities: {
        positionEncoding: PositionEncodingKind.UTF16,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        inlineCompletionProvider: true,
        completionProvider: { triggerCharacters, resolveProvider: true },
        codeActionProvider: { codeActionKinds: ["quickfix", sourceKind] },
        hoverProvider: true,
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  connection.onInitialized(async () => {
    const trusted = initialize?.initializationOptions?.trusted !== false;
    const folders = initialize?.workspaceFolders?.map((it) => it.uri) ?? [];
    await session.open(folders, trusted);
    await watch();
    if (initialize?.capabilities.workspace?.workspaceFolders === true) {
      connection.workspace.onDidChangeWorkspaceFolders(async ({ added, removed }) => {
        const gone = new Set(removed.map((it) => it.uri));
        await session.open([...session.folderUris.filter((it) => !gone.has(it)), ...added.map((it) => it.uri)]);
      });
    }
  });

  /** Settings and models that change are told to us where the editor can; a model is looked for anyway. */
  const watch = async () => {
    const { workspace } = initialize?.capabilities ?? {};
    if (workspace?.didChangeConfiguration?.dynamicRegistration === true) {
      const section = ["tagwright", ...excludeSections];
      await connection.client.register(DidChangeConfigurationNotification.type, { section });
    }
    if (workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
      const endings = taggableEndings.map((it) => it.slice(1));
      const watchers = [{ globPattern: "**/.tags/model/model.json" }, { globPattern: `**/*.{${endings.join(",")}}` }];
      await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
  };
  connection.onDidChangeConfiguration(({ settings }) => {
    if (initialize !== undefined && settings?.tagwright !== undefined) {
      initialize = {
        ...initialize,
        initializationOptions: { ...initialize.initializationOptions, settings: settings.tagwright },
      };
    }
    void session.reconfigure();
  });
  connection.onNotification(methods.trustGranted, () => void session.reload({ trusted: true }));
  connection.onRequest<boolean, void>(
    methods.modelChanged,
    guard(log, "modelChanged", false, async ({ folder: uri }: { readonly folder: string }) => {
      const folder = await session.folder(uri);
      await folder.model.refresh(true);
      void folder.recount();
      return folder.model.state.kind === "ready";
    }),
  );
  const noPrevious: PreviousModel = { kind: "none" };
  connection.onRequest<PreviousModel, void>(
    methods.previousModel,
    guard(log, "previousModel", noPrevious, async ({ folder }: { readonly folder: string }) =>
      describePrevious(await session.folder(folder)),
    ),
  );
  const notRestored: RestoreResult = { restored: false, reason: "the log says why" };
  connection.onRequest<RestoreResult, void>(
    methods.restoreModel,
    guard(log, "restoreModel", notRestored, async ({ folder }: { readonly folder: string }) =>
      restoreModel(await session.folder(folder)),
    ),
  );
  connection.onDidChangeWatchedFiles(async ({ changes }) => {
    for (const { uri } of changes) {
      if (uri.endsWith("/model.json")) await (await session.folderOf(uri)).model.refresh(true);
      else await session.fileChanged(uri);
    }
  });

  connection.languages.inlineCompletion.on(
    guard(log, "inlineCompletion", [], async ({ textDocument, position }, token) => {
      await settle(settleMs, token);
      const context = await session.context(textDocument.uri);
      if (context === undefined) return [];
      const items = await inlineCompletion(context, position, token);
      session.throwIfChanged(context.document);
      return items;
    }),
  );
  connection.onCompletion(
    guard(log, "completion", emptyCompletion, async ({ textDocument, position, context: trigger }, token) => {
      await settle(settleMs, token);
      const context = await session.context(textDocument.uri);
      if (context === undefined) return emptyCompletion;
      return completion(context, position, token, trigger?.triggerKind);
    }),
  );
  connection.onCompletionResolve(async (item, token) => {
    const uri = typeof item.data?.uri === "string" ? item.data.uri : "";
    const resolve = guard(log, "completion resolve", item, async () =>
      resolveCompletion(await session.folderOf(uri), item, token),
    );
    return resolve(undefined, token);
  });
  connection.onCodeAction(
    guard(log, "codeAction", [], async ({ textDocument, range, context: { only, ...rest } }, token) => {
      await settle(settleMs, token);
      const context = await session.context(textDocument.uri);
      if (context === undefined) return [];
      const actions = await codeActions(context, range, only === undefined ? rest : { ...rest, only }, token);
      session.throwIfChanged(context.document);
      return actions;
    }),
  );
  connection.onHover(
    guard(log, "hover", null, async ({ textDocument, position }, token) => {
      const context = await session.context(textDocument.uri);
      return context === undefined ? null : await hover(context, position, token);
    }),
  );

  documents.onDidChangeContent(({ document }) => session.documentChanged(document.uri));
  documents.onDidSave(({ document }) => void session.fileChanged(document.uri));

  const openText = openTextOf(documents);
  connection.onRequest(
    methods.suggest,
    guard<SuggestParams, SuggestResult | null>(log, "suggest", null, async ({ uri, text }, token) => {
      const folder = await session.folderOf(uri);
      const analysis = session.analyse(uri, openText(uri) ?? text ?? "", folder.settings.tagOptions);
      return documentSuggestions({ uri, folder, analysis, openText }, token);
    }),
  );
  connection.onRequest(
    methods.plan,
    guard(log, "plan", [] as PlannedEdits[], async (params: unknown) => {
      const plans: PlannedEdits[] = [];
      for (const item of asPlanItems(params)) {
        const { settings } = await session.folderOf(item.uri);
        plans.push(planItem(item, settings.tagOptions));
      }
      return plans;
    }),
  );
  connection.onRequest<boolean, void>(
    methods.isTagSlot,
    guard<TagSlotParams, boolean>(log, "isTagSlot", false, async ({ uri, line, character }) => {
      const context = await session.context(uri);
      return context !== undefined && isTagSlot(context, { line, character });
    }),
  );
  const nothing: SuggestWorkspaceResult = { state: "none", documents: 0, skipped: [] };
  const partialResult = new ProgressType<WorkspaceProgress>();
  connection.onRequest(
    methods.suggestWorkspace,
    guard<SuggestWorkspaceParams, SuggestWorkspaceResult | null>(
      log,
      "suggestWorkspace",
      null,
      async (params, token) => {
        const folder = await session.folder(params.folder);
        const { root } = folder;
        if (root === undefined) return nothing;
        await folder.model.refresh(true);
        if (folder.model.state.kind !== "ready") return { ...nothing, state: folder.model.state.kind };
        return folder.whileBusy(() =>
          suggestWorkspace({
            root,
            folder: () => session.folder(params.folder),
            analyse: session.analyse,
            minProbability: params.minProbability,
            exclude: params.exclude,
            openText,
            report: (progress) => {
              const { partialResultToken } = params;
              if (partialResultToken !== undefined)
                void connection.sendProgress(partialResult, partialResultToken, progress);
            },
            token,
          }),
        );
      },
    ),
  );
  connection.onRequest(methods.diagnostics, () => session.diagnostics(version));

  connection.onShutdown(() => session.dispose());
  documents.listen(connection);
}

/** Messages for people, levels kept; the text of documents never goes in here. */
function logTo(connection: Connection): Log {
  const { console: remote } = connection;
  return {
    debug: (message) => remote.debug(message),
    info: (message) => remote.info(message),
    warn: (message) => remote.warn(message),
    error: (message) => remote.error(message),
  };
}
