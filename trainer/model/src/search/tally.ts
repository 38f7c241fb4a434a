// What labels got from several lists, and the best of them: the scratch memory of everything that merges rankings.

/** A merged list, best first. Valid until the next one is asked for. */
export interface RankedLabels {
  length: number;
  readonly labels: Uint32Array;
  /** Ranking values: at least 0, and for one encoder about 1 where a label is certain. */
  readonly values: Float64Array;
  /** Mean leaf margin over the trees in which the label came up. */
  readonly margins: Float64Array;
}

/** Owns the scratch memory; allocates nothing after that. */
export class Tally {
  readonly #values: Float64Array;
  readonly #margins: Float64Array;
  readonly #hits: Uint8Array;
  readonly #found: Uint32Array;
  readonly #ranked: RankedLabels;
  #numFound = 0;

  /** @param capacity different labels that come up at most. */
  constructor(numLabels: number, capacity: number) {
    this.#values = new Float64Array(numLabels);
    this.#margins = new Float64Array(numLabels);
    this.#hits = new Uint8Array(numLabels);
    this.#found = new Uint32Array(capacity);
    this.#ranked = {
      length: 0,
      labels: new Uint32Array(capacity),
      values: new Float64Array(capacity),
      margins: new Float64Array(capacity),
    };
  }

  /** Adds `value` to what the label has. */
  add(label: number, value: number, margin: number): void {
    this.#hit(label, margin);
    this.#values[label]! += value;
  }

  /** The label has `value`, or what it had where that is more. */
  raise(label: number, value: number, margin: number): void {
    this.#hit(label, margin);
    if (value > this.#values[label]!) this.#values[label] = value;
  }

  /** The best `k` labels, what they have divided by `divisor`; the first of equals came up first. Starts anew. */
  take(k: number, divisor: number): RankedLabels {
    const ranked = this.#ranked;
    const capacity = Math.min(k, ranked.labels.length);
    ranked.length = 0;
    for (let f = 0; f < this.#numFound; f++) {
      const label = this.#found[f]!;
      const value = this.#values[label]! / divisor;
      const margin = this.#margins[label]! / this.#hits[label]!;
      this.#values[label] = 0;
      this.#margins[label] = 0;
      this.#hits[label] = 0;
      if (ranked.length === capacity && (capacity === 0 || value <= ranked.values[capacity - 1]!)) continue;
      let i = ranked.length < capacity ? ranked.length++ : capacity - 1;
      for (; i > 0 && value > ranked.values[i - 1]!; i--) {
        ranked.labels[i] = ranked.labels[i - 1]!;
        ranked.values[i] = ranked.values[i - 1]!;
        ranked.margins[i] = ranked.margins[i - 1]!;
      }
      ranked.labels[i] = label;
      ranked.values[i] = value;
      ranked.margins[i] = margin;
    }
    this.#numFound = 0;
    return ranked;
  }

  #hit(label: number, margin: number): void {
    if (this.#hits[label]!++ === 0) this.#found[this.#numFound++] = label;
    this.#margins[label]! += margin;
  }
}
