// Fields of a hostile JSON object: each is what it must be, or an error that names it.
import { ModelFolderError } from "../errors.ts";
import { copyAgain } from "./files.ts";
import { isJsonObject, type JsonObject } from "./strict-json.ts";

export interface Fields {
  /** @throws ModelFolderError that says `expected` where `from[key]` is not so. */
  field<T>(from: JsonObject, key: string, expected: string, is: (value: unknown) => value is T): T;
  /** A whole number from 0 to `max`. */
  count(from: JsonObject, key: string, max?: number): number;
  /** Says that `key` is something else than it must be. */
  fail(key: string, expected: string, found: unknown): ModelFolderError;
}

/** @param place the file that the object is from. */
export function newFields(place: string): Fields {
  const fail = (key: string, expected: string, found: unknown) =>
    new ModelFolderError({ place: `${place} (${key})`, expected, found: show(found), cure: copyAgain });
  const field = <T>(from: JsonObject, key: string, expected: string, is: (value: unknown) => value is T): T => {
    const value = Object.hasOwn(from, key) ? from[key] : undefined;
    if (is(value)) return value;
    throw fail(key, expected, value);
  };
  const count = (from: JsonObject, key: string, max = 2 ** 32 - 1) =>
    field(from, key, `a whole number up to ${max}`, (it): it is number => isCount(it) && it <= max);
  return { field, count, fail };
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 1000;
}

export function isDate(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function isBetween(min: number, max: number): (value: unknown) => value is number {
  return (value): value is number => isCount(value) && value >= min && value <= max;
}

export function isOneOf<T extends string>(known: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => known.some((it) => it === value);
}

export function isFraction(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

export function isNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return isJsonObject(value) && Object.values(value).every((it) => typeof it === "number" && Number.isFinite(it));
}

export function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

export function isObjects(min: number, max: number): (value: unknown) => value is readonly JsonObject[] {
  return (value): value is readonly JsonObject[] =>
    Array.isArray(value) && value.length >= min && value.length <= max && value.every(isJsonObject);
}

export function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
