// A small LSP client over standard input and output, written from the specification: a second opinion beside the client
// that VS Code uses. Anything on the server's stdout that is not a message of the protocol is a failure.
import { type ChildProcess, spawn } from "node:child_process";

export interface LspClient {
  readonly child: ChildProcess;
  /** Rejects with the server's error, or when the server ends. */
  request(method: string, params?: unknown): Promise<unknown>;
  /** As `request`, with what cancels it. */
  cancellable(method: string, params?: unknown): { readonly result: Promise<unknown>; cancel(): void };
  notify(method: string, params?: unknown): void;
  /** Bytes as they are, to see what a server makes of nonsense. */
  write(raw: string): void;
  /** Parameters of every notification of `method` so far. */
  received(method: string): readonly unknown[];
  /** Resolves with the first notification of `method`, past or to come, that `isWanted` accepts. */
  until(method: string, isWanted: (params: unknown) => boolean): Promise<unknown>;
  /** The exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  /** What was on stdout without being a message; empty for a well-behaved server. */
  readonly noise: () => string;
  stop(): Promise<void>;
}

export interface LspClientOptions {
  readonly command: readonly [string, ...string[]];
  /** Answers to requests of the server, by method; others get `null`. */
  readonly answers?: Readonly<Record<string, (params: unknown) => unknown>>;
  readonly cwd?: string;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** An error that the server answered with. */
export class LspError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function startLspClient({ command, answers = {}, cwd }: LspClientOptions): LspClient {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], ...(cwd !== undefined && { cwd }) });
  const pending = new Map<number, { resolve: (it: unknown) => void; reject: (it: Error) => void }>();
  const notifications: { method: string; params: unknown }[] = [];
  const waiting = new Set<() => void>();
  let nextId = 1;
  let stderr = "";
  child.stderr.on("data", (it: Buffer) => {
    stderr += it.toString();
  });
  // A server that was killed breaks the pipe.
  child.stdin.on("error", () => undefined);

  const send = (message: Message) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    child.stdin.write(body);
  };
  const noise = readMessages(child, (message) => {
    if (message.method !== undefined && message.id !== undefined) {
      send({ id: message.id, result: answers[message.method]?.(message.params) ?? null });
    } else if (message.method !== undefined) {
      notifications.push({ method: message.method, params: message.params });
      for (const look of [...waiting]) look();
    } else {
      const open = pending.get(Number(message.id));
      pending.delete(Number(message.id));
      if (message.error === undefined) open?.resolve(message.result);
      else open?.reject(new LspError(message.error.code, message.error.message));
    }
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      for (const { reject } of pending.values()) reject(new Error(`the server ended (${code}):\n${stderr}`));
      pending.clear();
      resolve(code);
    });
  });
  const start = (method: string, params: unknown) => {
    const id = nextId++;
    const result = new Promise<unknown>((resolve, reject) => pending.set(id, { resolve, reject }));
    send({ id, method, ...(params !== undefined && { params }) });
    return { id, result };
  };
  return {
    child,
    ended,
    noise,
    request: (method, params) => start(method, params).result,
    cancellable: (method, params) => {
      const { id, result } = start(method, params);
      return { result, cancel: () => send({ method: "$/cancelRequest", params: { id } }) };
    },
    notify: (method, params) => send({ method, ...(params !== undefined && { params }) }),
    write: (raw) => void child.stdin.write(raw),
    received: (method) => notifications.filter((it) => it.method === method).map((it) => it.params),
    until: (method, isWanted) =>
      new Promise((resolve) => {
        const look = () => {
          const found = notifications.find((it) => it.method === method && isWanted(it.params));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found.params);
        };
        waiting.add(look);
        look();
      }),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Cuts stdout into messages. @returns what was between them. */
function readMessages({ stdout }: ChildProcess, onMessage: (message: Message) => void): () => string {
  let buffer = Buffer.alloc(0);
  let noise = "";
  stdout?.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const header = /Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(buffer.toString("latin1", 0, 4096));
      if (header === null) return;
      const start = header.index + header[0].length;
      const end = start + Number(header[1]);
      if (buffer.length < end) return;
      noise += buffer.toString("latin1", 0, header.index);
      const body = buffer.toString("utf8", start, end);
      buffer = buffer.subarray(end);
      onMessage(JSON.parse(body) as Message);
    }
  });
  return () => noise;
}
