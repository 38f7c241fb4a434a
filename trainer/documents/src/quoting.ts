// Writes one tag as a token of YAML, TOML or JSON.
// Invariant: whatever is written reads back as that very string, also by YAML 1.1 readers (Ruby, PyYAML), which retype `no`, `1e3`, `12:30` and dates.

export type Quote = "" | "'" | '"';
export type Dialect = "yaml-flow" | "yaml-block" | "toml" | "json";

/** A tag as it may be written: trimmed, runs of white space one space, lone surrogates replaced. Empty means: nothing to write. */
export function normaliseTag(tag: string): string {
  return tag
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/\s+/gu, " ")
    .trim();
}

/** What makes two tags one and the same: NFC and case do not count. */
export function tagIdentity(tag: string): string {
  return normaliseTag(tag).normalize("NFC").toLowerCase();
}

/** `tag` as a token of `dialect`, with `quote` where that can hold it; an empty `quote` asks for a plain YAML scalar where it is safe. */
export function writeTag(tag: string, dialect: Dialect, quote: Quote): string {
  if (dialect === "json") return doubleQuoted(tag);
  if (dialect === "toml") return quote === "'" && !/['\p{Cc}]/u.test(tag) ? `'${tag}'` : doubleQuoted(tag);
  if (hasSpecialChars(tag)) return doubleQuoted(tag);
  if (quote === "'") return `'${tag.replaceAll("'", "''")}'`;
  if (quote === "" && isPlainSafe(tag, dialect === "yaml-flow")) return tag;
  return doubleQuoted(tag);
}

/** Whether `value`, unquoted, is a string to readers of YAML 1.1 and 1.2. `inFlow`: between brackets, where more is special. */
export function isPlainSafe(value: string, inFlow: boolean): boolean {
  if (value === "" || value !== value.trim() || hasSpecialChars(value)) return false;
  if (/^[-?:,[\]{}#&*!|>'"%@`=~]|^\.\.\.|^<<$/.test(value)) return false;
  if (/:(?:\s|$)|\s#/.test(value)) return false;
  if (inFlow && /[[\]{},:?]/.test(value)) return false;
  return !isRetyped(value);
}

/** Whether YAML 1.1 or 1.2 reads the plain `value` as something other than a string. */
function isRetyped(value: string): boolean {
  return (
    /^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value) ||
    /^[-+]?\.(?:inf|nan)$/i.test(value) ||
    /^[-+]?(?:0x[\da-f_]+|0b[01_]+|0o[0-7_]+)$/i.test(value) ||
    /^[-+]?(?:\d[\d_,]*\.?[\d_]*|\.[\d_]*)(?:e[-+]?\d+)?$/i.test(value) ||
    /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(value) ||
    /^\d{4}-\d{1,2}-\d{1,2}/.test(value)
  );
}

// Line separators and the byte order mark are line breaks or nothing to some readers.
const special = /[\p{Cc}\u2028\u2029\ufeff]/u;
const specialEverywhere = new RegExp(special.source, "gu");

function hasSpecialChars(value: string): boolean {
  return special.test(value);
}

/** A JSON string, which YAML and TOML read alike. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replace(
    specialEverywhere,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
