// For tests: a hub that misbehaves on request, Python packages that carry an encoder, and a pip that knows them.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { crc32, deflateRawSync } from "node:zlib";

export const tinyEncoder = path.resolve(import.meta.dirname, "../../../../test/fixtures/encoders/tiny-bert");
export const commit = "0123456789abcdef0123456789abcdef01234567";
/** What the hub has under each name of a revision: its newest commit, and one that was tagged. */
export const commits: Readonly<Record<string, string>> = {
  HEAD: commit,
  v1: "fedcba9876543210fedcba9876543210fedcba98",
};

export function newScratch(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tagwright-encoder-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Path with forward slashes to content. */
export function filesOf(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
  const places = names.map((it) => path.join(it.parentPath, it.name)).sort();
  return new Map(places.map((it) => [path.relative(folder, it).replaceAll("\\", "/"), readFileSync(it)]));
}

export interface FakeHub {
  readonly url: string;
  readonly requests: {
    readonly path: string;
    readonly range: string | undefined;
    readonly token: string | undefined;
  }[];
  /** What is wrong with it now; may be changed at any time. */
  fault: {
    /** Answered to everything. */
    readonly status?: number;
    /** The connection is cut after so many bytes of the weights. */
    readonly cutAfter?: number;
    /** Bytes of the weights that are sent are turned over. */
    readonly spoils?: boolean;
    readonly ignoresRange?: boolean;
    /** Where the weights really are: a server with the same paths. */
    readonly redirectsTo?: string;
    /** Listed as the size of tokenizer.json, whatever it has. */
    readonly tokenizerBytes?: number;
    /** Nothing more comes after the first bytes of the weights. */
    readonly stalls?: boolean;
  };
  close(): Promise<void>;
}

/** A hub with one model, `org/tiny`, of the given files; the weights are kept as LFS does. */
export async function startFakeHub(files: ReadonlyMap<string, Buffer>): Promise<FakeHub> {
  const server = createServer((request, response) => answer(hub, files, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: FakeHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    fault: {},
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hub;
}

function answer(
  hub: FakeHub,
  files: ReadonlyMap<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(request.url ?? "", hub.url);
  hub.requests.push({ path: pathname, range: request.headers.range, token: request.headers.authorization });
  const json = (value: unknown, status = 200) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (hub.fault.status !== undefined) return void json({ error: "refused" }, hub.fault.status);
  const sha = commits[/^\/api\/models\/org\/tiny\/revision\/(.+)$/u.exec(pathname)?.[1] ?? ""];
  if (sha !== undefined) return void json({ _id: "1", id: "org/tiny", sha });
  const known = Object.values(commits);
  if (known.some((it) => pathname === `/api/models/org/tiny/tree/${it}`))
    return void json([...files].map(([name, it]) => listing(name, it, hub.fault)));
  const [, revision = "", name = ""] = /^\/org\/tiny\/resolve\/([^/]+)\/(.+)$/u.exec(pathname) ?? [];
  if (!known.includes(revision)) return void json({ error: "not found" }, 404);
  if (hub.fault.redirectsTo !== undefined && name.endsWith(".safetensors"))
    return void response.writeHead(302, { location: `${hub.fault.redirectsTo}${pathname}` }).end();
  const content = files.get(name);
  if (content === undefined) return void json({ error: "not found" }, 404);
  sendFile(hub, name, content, request, response);
}

function listing(name: string, content: Buffer, { tokenizerBytes = content.length }: FakeHub["fault"]) {
  const oid = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
  const sha256 = createHash("sha256").update(content).digest("hex");
  const lfs = { oid: sha256, size: content.length, pointerSize: 134 };
  const size = name === "tokenizer.json" ? tokenizerBytes : content.length;
  return { type: "file", path: name, size, oid, ...(name.endsWith(".safetensors") && { lfs }) };
}

function sendFile(
  hub: FakeHub,
  name: string,
  content: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const isWeights = name.endsWith(".safetensors");
  const { cutAfter, spoils = false, ignoresRange = false, stalls = false } = isWeights ? hub.fault : {};
  const range = /^bytes=(\d+)-(\d+)$/u.exec(request.headers.range ?? "");
  const isProbe = range?.[2] === "0";
  const [from, to] =
    range && (isProbe || !ignoresRange) ? [Number(range[1]), Number(range[2]) + 1] : [0, content.length];
  let part = content.subarray(from, to);
  if (spoils && !isProbe) part = Buffer.from(part.map((it) => it ^ 0xff));
  response.writeHead(range && (isProbe || !ignoresRange) ? 206 : 200, {
    etag: '"x"',
    // As where the public hub's files come from.
    "x-cache": "Hit from cloudfront",
    "content-length": part.length,
    ...(range && { "content-range": `bytes ${from}-${to - 1}/${content.length}` }),
  });
  if (isProbe || (cutAfter === undefined && !stalls)) response.end(part);
  else
    response.write(
      part.subarray(0, cutAfter ?? 1000),
      () => cutAfter !== undefined && setTimeout(() => response.destroy(), 20),
    );
}

/** A ZIP archive. */
export function zip(
  files: ReadonlyMap<string, Buffer>,
  change: (entry: { crc: number; bytes: number }) => void = () => undefined,
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let start = 0;
  for (const [name, content] of files) {
    const deflates = content.length > 100;
    const packed = deflates ? deflateRawSync(content) : content;
    const entry = { crc: crc32(content), bytes: content.length };
    change(entry);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflates ? 8 : 0, 4);
    common.writeUInt32LE(entry.crc, 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.bytes, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(start, 10);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, place, Buffer.from(name)]));
    parts.push(local);
    start += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(start, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** A wheel with an encoder in a folder of it. */
export function wheelOf(files: ReadonlyMap<string, Buffer>): Buffer {
  return zip(
    new Map([
      ["pkg/__init__.py", Buffer.from("")],
      ...[...files].map(([name, it]) => [`pkg/model/${name}`, it] as const),
    ]),
  );
}

/** A command like `python` whose pip gives `wheel` for any request, or fails where there is none. */
export function newFakePython(folder: string, wheel: Buffer | undefined): readonly string[] {
  const script = path.join(folder, "python.mjs");
  const source = path.join(folder, "source.bin");
  if (wheel !== undefined) writeFileSync(source, wheel);
  const body =
    wheel === undefined
      ? 'console.error("ERROR: No matching distribution found"); process.exit(1);'
      : `copyFileSync(${JSON.stringify(source)}, path.join(args[args.indexOf("--dest") + 1], "pkg-1.0-py3-none-any.whl"));`;
  writeFileSync(
    script,
    `import { copyFileSync } from "node:fs"; import path from "node:path";
const args = process.argv.slice(2);
if (!args.includes("--version")) { ${body} }`,
  );
  return [process.execPath, script];
}
