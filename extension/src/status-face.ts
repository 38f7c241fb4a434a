// What the status item shows for each state: text, detail, severity and the one next step. Knows no editor.
import type { FolderStatus } from "@tagwright/language-server/protocol";

export interface Face {
  readonly text: string;
  readonly detail: string;
  /** Default: information. */
  readonly severity?: "warning" | "error";
  readonly command?: { readonly command: string; readonly title: string };
  readonly busy?: boolean;
}

/** What `vscode.l10n` gives: the text in the user's language, `{0}` and so on filled in. */
export interface Words {
  t(message: string, ...args: (string | number)[]): string;
}

export function startingFace(l10n: Words): Face {
  return { text: l10n.t("Tags: starting"), detail: "", busy: true };
}

/** The server is not running: why, in a few words. */
export function stoppedFace(reason: string, l10n: Words): Face {
  const command = { command: "tagwright.restartServer", title: l10n.t("Restart Server") };
  return { text: l10n.t("Tags: server stopped"), detail: reason, severity: "error", command };
}

/** How the state of a folder looks. `now` in milliseconds since 1970. */
export function faceOf({ state, busy, slowMilliseconds }: FolderStatus, l10n: Words, now = Date.now()): Face {
  const train = { command: "tagwright.trainModel", title: l10n.t("Train Model") };
  switch (state.kind) {
    case "none": {
      const count = state.taggedDocuments;
      if (count === undefined)
        return { text: l10n.t("No model yet"), detail: l10n.t("Counting tagged documents"), busy: true };
      if (count === 0) {
        const command = { command: "tagwright.openSample", title: l10n.t("Open Sample") };
        return { text: l10n.t("No model yet"), detail: l10n.t("Tag a few documents, then train on them"), command };
      }
      return { text: l10n.t("No model yet: train on {0} tagged documents", count), detail: "", command: train };
    }
    case "loading":
      return { text: l10n.t("Tags: loading the model"), detail: "", busy: true };
    case "ready": {
      const learned = l10n.t(
        "learned from {0} documents, {1}",
        state.documents.toLocaleString(),
        age(state.createdAt, l10n, now),
      );
      const meaning = state.encoder === "none" ? "" : l10n.t(" · with {0}", state.encoder);
      const slow = slowMilliseconds === undefined ? "" : l10n.t(" · slow: last answer took {0} ms", slowMilliseconds);
      const { lexical } = state;
      const words = lexical === undefined || lexical.loading ? "" : l10n.t(" · from words alone: {0}", lexical.reason);
      const warming = lexical?.loading === true ? l10n.t(" · warming up: from words alone until then") : "";
      return {
        text: l10n.t("{0} tags", state.labels.toLocaleString()),
        detail: `${learned}${meaning}${warming}${words}${slow}`,
        ...(slow + words !== "" && { severity: "warning" as const }),
        command: { command: "tagwright.suggestDocument", title: l10n.t("Suggest Tags") },
        busy: busy || lexical?.loading === true,
      };
    }
    case "failed": {
      const command = { command: "tagwright.trainModel", title: l10n.t("Train Again") };
      return {
        text: l10n.t("Tags: the model cannot be used"),
        detail: state.message,
        severity: "error",
        command,
      };
    }
    case "restricted": {
      const command = { command: "workbench.trust.manage", title: l10n.t("Manage Trust") };
      return {
        text: l10n.t("Tags: Restricted Mode"),
        detail: l10n.t("A model of this workspace is used once you trust it"),
        command,
      };
    }
    default:
      return state satisfies never;
  }
}

function age(createdAt: string, l10n: Words, now: number): string {
  const days = Math.floor((now - Date.parse(createdAt)) / 86_400_000);
  if (!Number.isFinite(days)) return l10n.t("at an unknown time");
  if (days <= 0) return l10n.t("today");
  return days === 1 ? l10n.t("yesterday") : l10n.t("{0} days ago", days);
}
