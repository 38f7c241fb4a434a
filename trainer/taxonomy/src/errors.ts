// What a taxonomy file can raise: it comes from outside, so the message names the place, what was found and the cure.

export class TaxonomyError extends Error {
  override readonly name = "TaxonomyError";
  /** The file as given to `loadTaxonomy`. */
  readonly file: string;
  /** First line is 1; absent where no single line is at fault. */
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${line === undefined ? "" : `:${line}`}: ${problem}`, options);
    this.file = file;
    this.line = line;
  }
}
