// URIs of the protocol and paths of the file system. Only `file:` URIs have a path on disk.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The path of a `file:` URI, undefined for any other or a malformed one. */
export function filePath(uri: string): string | undefined {
  if (!uri.startsWith("file:")) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

/** The same, and for a document that is not saved yet the path that its `untitled:` URI proposes, if any. */
export function savedPath(uri: string): string | undefined {
  return filePath(uri.replace(/^untitled:(?:\/\/[^/]*)?(?=\/)/, "file://"));
}

/** A path to tell the format by; for a document that is not on disk it is the path part of its URI. */
export function formatPath(uri: string): string {
  const onDisk = filePath(uri);
  if (onDisk !== undefined) return onDisk;
  try {
    return decodeURIComponent(new URL(uri).pathname);
  } catch {
    return uri;
  }
}

export function fileUri(file: string): string {
  return pathToFileURL(file).toString();
}

/** Whether `file` is `folder` or lies below it. */
export function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || (!relative.startsWith(`..${path.sep}`) && relative !== ".." && !path.isAbsolute(relative));
}
