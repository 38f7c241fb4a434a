// How the figures of a training are written, in drawings and in words.

/** Three digits that count, and thousands apart. */
export function number(value: number): string {
  return value.toLocaleString("en", value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
