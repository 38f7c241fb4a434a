// What the commands share: one object made at activation, whose language client starts when it is first asked for.
import path from "node:path";
import { type ExtensionContext, type LogOutputChannel, l10n, window } from "vscode";
import { ReviewQueue } from "./review/queue.ts";
import { createReviewView, type ReviewView } from "./review/review-view.ts";
import type { ServerClient } from "./server-client.ts";
import { createStatus, type Status } from "./status.ts";
import { resumable } from "./train.ts";
import { createTraining, type Training } from "./training/training.ts";

export interface App {
  readonly context: ExtensionContext;
  readonly log: LogOutputChannel;
  readonly status: Status;
  readonly queue: ReviewQueue;
  readonly review: ReviewView;
  readonly training: Training;
  readonly trainerScript: string;
  /** Starts the server if need be. Rejects, after telling the user, where it cannot start. */
  client(): Promise<ServerClient>;
  /** The client if it has started. */
  running(): ServerClient | undefined;
  stop(): Promise<void>;
}

export function createApp(context: ExtensionContext): App {
  const log = window.createOutputChannel("Tags", { log: true });
  const status = createStatus();
  const queue = new ReviewQueue();
  const review = createReviewView(queue);
  const inDist = (name: string) => path.join(context.extensionPath, "dist", name);
  let starting: Promise<ServerClient> | undefined;
  let running: ServerClient | undefined;
  /** It ended too often and waits for someone to need it. */
  let hasEnded = false;

  const start = async (): Promise<ServerClient> => {
    const { startServer } = await import("./server-client.ts");
    running = await startServer({
      module: inDist("server.cjs"),
      log,
      onStatus: (it) => status.update(it),
      onStopped: () => {
        hasEnded = true;
        status.stopped(l10n.t("It ended several times in a row"));
        void offerRestart(l10n.t("The language server for tags keeps ending."));
      },
    });
    return running;
  };
  const offerRestart = async (message: string) => {
    const restart = l10n.t("Restart");
    const show = l10n.t("Show Logs");
    const answer = await window.showErrorMessage(message, restart, show);
    if (answer === show) log.show();
    if (answer === restart) await app.client();
  };
  const startAgain = async (client: ServerClient) => {
    await client.restart();
    return client;
  };
  /** Tells the user where it does not start; the next call tries again. */
  const told = (attempt: Promise<ServerClient>) =>
    attempt.catch((error: unknown) => {
      starting = undefined;
      const message = error instanceof Error ? error.message : String(error);
      log.error(`the language server did not start: ${message}`);
      status.stopped(message);
      void offerRestart(l10n.t("The language server for tags did not start."));
      throw error;
    });

  const app: App = {
    context,
    log,
    status,
    queue,
    review,
    training: createTraining((folder) => resumable(app, folder)),
    trainerScript: inDist("tagwright.cjs"),
    client: () => {
      if (hasEnded && running !== undefined) starting = told(startAgain(running));
      hasEnded = false;
      starting ??= told(start());
      return starting;
    },
    running: () => (hasEnded ? undefined : running),
    stop: async () => {
      const stopping = running;
      running = undefined;
      starting = undefined;
      hasEnded = false;
      await stopping?.stop();
    },
  };
  context.subscriptions.push(log, status, review, app.training);
  return app;
}
