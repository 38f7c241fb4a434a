// One writer a model folder: a lock file beside it that names the process. A lock of a dead process is taken over.
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelBusyError } from "../errors.ts";
import { errorCode, ifMissing } from "./files.ts";
import { processStart } from "./process-start.ts";

/** A lock file whose content is not there yet: its process has this long to write it. */
const settleMs = 10_000;
const bootSlackMs = 10_000;
const guardPauseMs = 20;
const maxAttempts = 50;

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  readonly token: string;
  /** Of the process, as `processStart` tells it. */
  readonly started?: string;
  readonly about?: string;
}

export interface LockOptions {
  /** Kept in the lock: what its owner works on, for whoever finds it held. */
  readonly about?: string;
  /** Says that it is held, in place of a model folder's message. `about` is the owner's. */
  readonly busy?: (who: string, place: string, about: string | undefined) => string;
}

/** Runs `task` while it alone may write `target`. @throws ModelBusyError where another live process does. */
export async function withLock<T>(target: string, task: () => Promise<T>): Promise<T> {
  const release = await acquireLock(target);
  try {
    return await task();
  } finally {
    await release();
  }
}

/** Takes the lock of `target` (a resolved path); call the result to give it back. @throws ModelBusyError. */
export async function acquireLock(target: string, { about, busy }: LockOptions = {}): Promise<() => Promise<void>> {
  const place = `${target}.lock`;
  await mkdir(path.dirname(target), { recursive: true });
  const since = new Date().toISOString();
  const started = await processStart(process.pid);
  const own: Owner = {
    pid: process.pid,
    host: os.hostname(),
    since,
    token: randomUUID(),
    ...(started !== undefined && { started }),
    ...(about !== undefined && { about }),
  };
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (await create(place, JSON.stringify(own))) return () => release(place, own.token);
    const text = await readFile(place, "utf8").catch(ifMissing(undefined));
    if (text === undefined) continue;
    const owner = parseOwner(text);
    if (!(await isStale(place, owner))) throw busyError(target, place, owner, busy);
    await removeStale(place);
  }
  throw busyError(target, place, undefined, busy);
}

async function create(place: string, text: string): Promise<boolean> {
  const handle = await open(place, "wx").catch((error) => {
    if (errorCode(error) === "EEXIST") return undefined;
    throw error;
  });
  if (handle === undefined) return false;
  try {
    await handle.writeFile(text);
    await handle.close();
    return true;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(place).catch(() => undefined);
    throw error;
  }
}

async function release(place: string, token: string): Promise<void> {
  const text = await readFile(place, "utf8").catch(ifMissing(""));
  if (parseOwner(text)?.token === token) await unlink(place).catch(ifMissing(undefined));
}

/** A process of this machine that has ended, or any from before it started: its number may belong to another by now. */
async function isStale(place: string, owner: Owner | undefined): Promise<boolean> {
  const file = await stat(place).catch(ifMissing(undefined));
  if (file === undefined) return true;
  if (owner === undefined) return Date.now() - file.mtimeMs > settleMs;
  if (owner.host !== os.hostname()) return false;
  const bootTime = Date.now() - os.uptime() * 1000;
  if (!isAlive(owner.pid) || Date.parse(owner.since) < bootTime - bootSlackMs) return true;
  const started = owner.started === undefined ? undefined : await processStart(owner.pid);
  return started !== undefined && started !== owner.started;
}

/**
 * Removes a stale lock. Two processes may find it at once, and the slower one must not remove what the faster one has
 * created meanwhile: so only the holder of a guard file may look again and remove.
 */
async function removeStale(place: string): Promise<void> {
  const guard = `${place}.guard`;
  if (!(await create(guard, ""))) {
    const file = await stat(guard).catch(ifMissing(undefined));
    const isLeft = file !== undefined && Date.now() - file.mtimeMs > settleMs;
    await (isLeft ? unlink(guard).catch(ifMissing(undefined)) : sleep(guardPauseMs));
    return;
  }
  try {
    const text = await readFile(place, "utf8").catch(ifMissing(undefined));
    if (text !== undefined && (await isStale(place, parseOwner(text)))) await unlink(place);
  } finally {
    await unlink(guard);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, since, token, started, about } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
    if (typeof host !== "string" || typeof since !== "string" || typeof token !== "string") return undefined;
    const more = { ...(typeof started === "string" && { started }), ...(typeof about === "string" && { about }) };
    return { pid: pid as number, host, since, token, ...more };
  } catch {
    return undefined;
  }
}

function busyError(
  target: string,
  place: string,
  owner: Owner | undefined,
  busy: LockOptions["busy"] = (who) =>
    `${target}: another training writes this folder (${who} holds the lock); wait for it or stop it; ` +
    `if it is long gone, delete "${place}"`,
): ModelBusyError {
  const who = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}, since ${owner.since},`;
  return new ModelBusyError(busy(who, place, owner?.about));
}
