// The language client: starts the server when it is first needed, and speaks the requests of its protocol. Loaded on
// first use, so that activation does not pay for it.
import {
  type DocumentSuggestions,
  type FolderStatus,
  type InitializationOptions,
  methods,
  type PlanItem,
  type PlannedEdits,
  type PreviousModel,
  type RestoreResult,
  type SuggestResult,
  type SuggestWorkspaceResult,
  type WorkspaceProgress,
} from "@tagwright/language-server/protocol";
import { type CancellationToken, type LogOutputChannel, type Position, type Uri, workspace } from "vscode";
import {
  CloseAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  ProgressType,
  RevealOutputChannelOn,
  type ServerOptions,
  TransportKind,
} from "vscode-languageclient/node";
import { documentSelector } from "./documents.ts";

export interface ServerClientOptions {
  /** Absolute path of `dist/server.cjs`. */
  readonly module: string;
  readonly log: LogOutputChannel;
  readonly onStatus: (status: FolderStatus) => void;
  /** The server ended so often that it is not started again by itself. */
  readonly onStopped: () => void;
}

/** Ends within three minutes after which the client gives up. */
const maxRestarts = 4;

interface WorkspaceRun {
  readonly folder: Uri;
  readonly minProbability: number;
  readonly exclude: readonly string[];
  readonly token: CancellationToken;
  readonly onProgress: (documents: readonly DocumentSuggestions[], done: number, total: number) => void;
}

export interface ServerClient {
  /** Null where the server could not answer; its log says why. */
  suggest(uri: Uri, text: string): Promise<SuggestResult | null>;
  plan(items: readonly PlanItem[]): Promise<readonly PlannedEdits[]>;
  /** Null where the server could not end it, or was asked to stop; what came until then stands. */
  suggestWorkspace(run: WorkspaceRun): Promise<SuggestWorkspaceResult | null>;
  isTagSlot(uri: Uri, position: Position): Promise<boolean>;
  /** @returns whether a model is in use. */
  modelChanged(folder: Uri): Promise<boolean>;
  previousModel(folder: Uri): Promise<PreviousModel>;
  /** Puts the previous model in the place of the model, which becomes the previous one. */
  restoreModel(folder: Uri): Promise<RestoreResult>;
  trustGranted(): Promise<void>;
  diagnostics(): Promise<unknown>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server process; resolves when it has answered `initialize`. */
export async function startServer({ module, log, onStatus, onStopped }: ServerClientOptions): Promise<ServerClient> {
  const run = { module, transport: TransportKind.ipc };
  const server: ServerOptions = { run, debug: { ...run, options: { execArgv: ["--nolazy", "--inspect=6009"] } } };
  /** Counts the ends; anew once the user has the server started again. */
  let usual: ErrorHandler | undefined;
  const handler = () => {
    usual ??= client.createDefaultErrorHandler(maxRestarts);
    return usual;
  };
  const options: LanguageClientOptions = {
    documentSelector: documentSelector.map((it) => ({
      scheme: it.scheme ?? "file",
      language: it.language ?? "markdown",
    })),
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    // Asked for at each start: trust may have been granted between two of them.
    initializationOptions: (): InitializationOptions => ({ trusted: workspace.isTrusted }),
    errorHandler: {
      error: (error, message, count) => handler().error(error, message, count),
      closed: async () => {
        const verdict = await handler().closed();
        if (verdict.action === CloseAction.DoNotRestart) onStopped();
        return { ...verdict, handled: true };
      },
    },
  };
  const client = new LanguageClient("tagwright", "Tagwright", server, options);
  client.onNotification(methods.status, onStatus);
  await client.start();
  let batches = 0;
  return {
    suggest: (uri, text) => client.sendRequest<SuggestResult | null>(methods.suggest, { uri: toProtocol(uri), text }),
    plan: (items) => client.sendRequest<PlannedEdits[]>(methods.plan, items),
    isTagSlot: (uri, { line, character }) =>
      client.sendRequest<boolean>(methods.isTagSlot, { uri: toProtocol(uri), line, character }),
    modelChanged: (folder) => client.sendRequest<boolean>(methods.modelChanged, { folder: toProtocol(folder) }),
    previousModel: (folder) => client.sendRequest<PreviousModel>(methods.previousModel, { folder: toProtocol(folder) }),
    restoreModel: (folder) => client.sendRequest<RestoreResult>(methods.restoreModel, { folder: toProtocol(folder) }),
    trustGranted: () => client.sendNotification(methods.trustGranted),
    diagnostics: () => client.sendRequest(methods.diagnostics),
    restart: () => {
      usual = undefined;
      return client.restart();
    },
    stop: () => client.dispose(),
    async suggestWorkspace({ folder, minProbability, exclude, token, onProgress }) {
      const partialResultToken = `tagwright-batch-${batches++}`;
      const listener = client.onProgress(new ProgressType<WorkspaceProgress>(), partialResultToken, (it) =>
        onProgress(it.documents, it.done, it.total),
      );
      try {
        const params = { folder: toProtocol(folder), minProbability, exclude, partialResultToken };
        return await client.sendRequest<SuggestWorkspaceResult | null>(methods.suggestWorkspace, params, token);
      } finally {
        listener.dispose();
      }
    },
  };

  /** As the client itself writes URIs, so that both sides hold the same string. */
  function toProtocol(uri: Uri): string {
    return client.code2ProtocolConverter.asUri(uri);
  }
}
