// What to do where there is no model to suggest with: one sentence and one button, never an error.
import type { ModelState } from "@tagwright/language-server/protocol";
import { commands, l10n, window } from "vscode";
import type { App } from "./app.ts";

export async function nextStep(app: App, state: ModelState["kind"]): Promise<void> {
  const offer = async (message: string, button: string, command: string) => {
    if ((await window.showInformationMessage(message, button)) === button) await commands.executeCommand(command);
  };
  switch (state) {
    case "none": {
      const status = app.status.current?.state;
      const count = status?.kind === "none" ? (status.taggedDocuments ?? 0) : 0;
      if (count === 0) {
        return offer(
          l10n.t("There is no model yet, and no tagged document to learn from."),
          l10n.t("Open Sample"),
          "tagwright.openSample",
        );
      }
      return offer(
        l10n.t("There is no model yet. Train one on {0} tagged documents?", count),
        l10n.t("Train Model"),
        "tagwright.trainModel",
      );
    }
    case "failed":
      return offer(
        l10n.t("The model cannot be used. Training makes a new one."),
        l10n.t("Train Model"),
        "tagwright.trainModel",
      );
    case "restricted":
      return offer(
        l10n.t("A model of this workspace is used once you trust it."),
        l10n.t("Manage Trust"),
        "workbench.trust.manage",
      );
    default:
      void window.showInformationMessage(l10n.t("The model is being loaded; try again in a moment."));
  }
}
