// The "Training" view in the panel: a page that follows the monitor. It is there as soon as there is something to show.
import { randomBytes } from "node:crypto";
import { commands, type Disposable, type Webview, type WebviewView, type WebviewViewProvider, window } from "vscode";
import type { TrainingMonitor } from "./training-monitor.ts";
import { type PageAction, pageContent, pageMarkup, parsePageMessage } from "./training-page.ts";

const trainingViewId = "tagwright.training";

export interface TrainingViewOptions {
  readonly monitor: TrainingMonitor;
  /** Whether a stopped run of that folder left something to go on from. */
  readonly canResume: () => boolean;
  readonly onAction: (action: PageAction) => void;
}

export interface TrainingView extends Disposable {
  /** Opens the view without taking the focus. */
  reveal(): Promise<void>;
  /** Shows what changed beside the monitor. */
  refresh(): void;
}

/** A page is repainted this often at most. */
const paintEveryMs = 250;

export function createTrainingView({ monitor, canResume, onAction }: TrainingViewOptions): TrainingView {
  let webview: Webview | undefined;
  let size = { width: 0, height: 0 };
  let timer: NodeJS.Timeout | undefined;

  const paint = () => {
    timer = undefined;
    if (webview === undefined) return;
    void webview.postMessage(pageContent(monitor.snapshot(), size, canResume()));
  };
  const paintSoon = () => {
    timer ??= setTimeout(paint, paintEveryMs);
  };
  const provider: WebviewViewProvider = {
    resolveWebviewView(view: WebviewView) {
      webview = view.webview;
      webview.options = { enableScripts: true, localResourceRoots: [] };
      webview.onDidReceiveMessage((it: unknown) => {
        const message = parsePageMessage(it);
        if (message?.type === "action") onAction(message.action);
        if (message?.type !== "size") return;
        size = message.size;
        paint();
      });
      view.onDidDispose(() => {
        webview = undefined;
      });
      webview.html = pageMarkup(randomBytes(16).toString("hex"));
    },
  };
  const registration = window.registerWebviewViewProvider(trainingViewId, provider);
  const listening = monitor.onChange(paintSoon);
  return {
    async reveal() {
      await commands.executeCommand("setContext", "tagwright.trained", true);
      await commands.executeCommand(`${trainingViewId}.focus`, { preserveFocus: true });
    },
    refresh: paintSoon,
    dispose: () => {
      clearTimeout(timer);
      listening.dispose();
      registration.dispose();
    },
  };
}
