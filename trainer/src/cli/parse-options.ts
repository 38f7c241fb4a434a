// Checks of option values, shared by the commands. Wrong ones are usage errors that name what is expected.
import { type Command, InvalidArgumentError } from "commander";

/** A parser of whole numbers in [min, max]. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

export function probability(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

export const excludeHelp =
  "globs of a folder's files to leave out, as in VS Code's files.exclude; may come again (default: what .vscode/settings.json says)";

/**
 * Ends with a usage error unless all of `names` are given. Commander's own check of required options comes before that of
 * unknown ones, so that a misspelt option would be called missing and not misspelt.
 */
export function requireOptions(command: Command, names: readonly string[]): void {
  for (const name of names) {
    if (command.getOptionValue(name) === undefined) command.error(`error: required option '--${name}' not specified`);
  }
}
