// Going back to the model that the last training replaced. Doing it twice returns to where one was.
import { describe } from "../guard.ts";
import type { PreviousModel, RestoreResult } from "../protocol.ts";
import type { Folder } from "../workspace/folder.ts";

type Rollback = { readonly model: Pick<Folder["model"], "previous" | "restore"> };

export async function describePrevious({ model }: Rollback): Promise<PreviousModel> {
  try {
    const info = await model.previous();
    if (info === undefined) return { kind: "none" };
    const { numLabels: labels, numDocuments: documents, createdAt, encoder } = info;
    return { kind: "model", labels, documents, createdAt, encoder };
  } catch (error) {
    return { kind: "failed", message: describe(error) };
  }
}

/** Never rejects: a folder that a training holds, or without a previous model, is a reason. */
export async function restoreModel({ model }: Rollback): Promise<RestoreResult> {
  try {
    await model.restore();
    return { restored: true };
  } catch (error) {
    return { restored: false, reason: describe(error) };
  }
}
