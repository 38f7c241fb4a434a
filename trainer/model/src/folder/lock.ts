// One writer a model folder: a lock file beside it that names the process. A lock of a dead process is taken over.
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelBusyError } from "../errors.ts";
import { errorCode, ifMissing } from "./files.ts";

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
export async function acquireLock(target: string): Promise<() => Promise<void>> {
  const place = `${target}.lock`;
  await mkdir(path.dirname(target), { recursive: true });
  const since = new Date().toISOString();
  const own: Owner = { pid: process.pid, host: os.hostname(), since, token: randomUUID() };
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (await create(place, JSON.stringify(own))) return () => release(place, own.token);
    const text = await readFile(place, "utf8").catch(ifMissing(undefined));
    if (text === undefined) continue;
    const owner = parseOwner(text);
    if (!(await isStale(place, owner))) throw busy(target, place, owner);
    await removeStale(place);
  }
  throw busy(target, place, undefined);
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
  return !isAlive(owner.pid) || Date.parse(owner.since) < bootTime - bootSlackMs;
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
    const { pid, host, since, token } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
    if (typeof host !== "string" || typeof since !== "string" || typeof token !== "string") return undefined;
    return { pid: pid as number, host, since, token };
  } catch {
    return undefined;
  }
}

function busy(target: string, place: string, owner: Owner | undefined): ModelBusyError {
  const who = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}, since ${owner.since},`;
  const cure = `wait for it or stop it; if it is long gone, delete "${place}"`;
  return new ModelBusyError(`${target}: another training writes this folder (${who} holds the lock); ${cure}`);
}
