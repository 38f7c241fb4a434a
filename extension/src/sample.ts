// Opens the sample workspace as the user's own copy: the installed extension is not a place to write notes in.
import { commands, type ExtensionContext, FileType, Uri, workspace } from "vscode";

/** @returns the folder that was opened. */
export async function openSample({ extensionUri, globalStorageUri }: ExtensionContext): Promise<Uri> {
  const target = Uri.joinPath(globalStorageUri, "sample-workspace");
  const exists = await workspace.fs.stat(target).then(
    ({ type }) => type === FileType.Directory,
    () => false,
  );
  if (!exists) await workspace.fs.copy(Uri.joinPath(extensionUri, "media", "sample-workspace"), target);
  await commands.executeCommand("vscode.openFolder", target, {
    forceNewWindow: (workspace.workspaceFolders ?? []).length > 0,
  });
  return target;
}
