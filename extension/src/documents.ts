// Which documents the extension looks at, and which workspace folder one belongs to.
import { type DocumentFilter, type TextDocument, type Uri, type WorkspaceFolder, window, workspace } from "vscode";

/** Must match `activationEvents` in package.json; a test compares them. */
const documentLanguages = [
  "markdown",
  "mdx",
  "quarto",
  "rmd",
  "plaintext",
  "restructuredtext",
  "asciidoc",
  "org",
  "latex",
  "typst",
] as const;

/** Real files, new ones, and those of virtual workspaces; never diffs, output or settings pages. */
const schemes = ["file", "untitled", "vscode-vfs"] as const;

export const documentSelector: readonly DocumentFilter[] = schemes.flatMap((scheme) =>
  documentLanguages.map((language) => ({ scheme, language })),
);

export function isRelevant({ languageId, uri }: TextDocument): boolean {
  return (
    (documentLanguages as readonly string[]).includes(languageId) && (schemes as readonly string[]).includes(uri.scheme)
  );
}

/** Asks only where there is a choice; undefined where there is no folder or the user chose none. */
export async function pickFolder(placeHolder: string, hint?: Uri): Promise<WorkspaceFolder | undefined> {
  const folders = workspace.workspaceFolders ?? [];
  if (hint !== undefined) return workspace.getWorkspaceFolder(hint);
  if (folders.length <= 1) return folders[0];
  return window.showWorkspaceFolderPick({ placeHolder });
}

/** The globs that VS Code itself leaves out of the explorer and of search. */
export function excludes(folder: Uri): string[] {
  const globs = (section: string) =>
    Object.entries(workspace.getConfiguration(section, folder).get<Record<string, unknown>>("exclude", {}));
  return [...globs("files"), ...globs("search")].filter(([, on]) => on === true).map(([glob]) => glob);
}
