// Adds what the dense block of a row is worth to the margins of a node's children, on the kernels.
import type { Kernels } from "../kernels/kernels.ts";
import { newKernels } from "../kernels/new-kernels.ts";
import { type DensePanel, quantiseRow } from "../ranker/dense-panel.ts";

/** Owns the kernels' memory and a copy of one row. Allocates nothing from panel to panel once it saw the largest one. */
export class PanelScorer {
  readonly #kernels: Kernels;
  #row = new Int16Array(0);
  #step = 0;
  #panel = new Int8Array(0);
  #sums = new Int32Array(0);

  constructor(kernels: Kernels = newKernels()) {
    this.#kernels = kernels;
  }

  /** Takes the dense part of a row; what follows is about it. */
  load(dense: Float32Array): void {
    if (this.#row.length !== dense.length) this.#layOut(dense.length, 0, 0);
    this.#step = quantiseRow(dense, this.#row);
  }

  /** margins[child] += panel row of the child · the loaded row. @throws RangeError where their widths differ. */
  add({ weights, scales }: DensePanel, margins: Float64Array): void {
    const numChildren = scales.length;
    const width = this.#row.length;
    if (weights.length !== numChildren * width) {
      throw new RangeError(`PanelScorer: a row of ${width} for ${weights.length} weights of ${numChildren} children`);
    }
    if (weights.length > this.#panel.length || numChildren > this.#sums.length)
      this.#layOut(width, weights.length, numChildren);
    this.#panel.set(weights);
    const { byteOffset } = this.#sums;
    this.#kernels.dotPanel(this.#row.byteOffset, this.#panel.byteOffset, width, numChildren, byteOffset);
    for (let child = 0; child < numChildren; child++) {
      margins[child]! += this.#sums[child]! * (this.#step * scales[child]!);
    }
  }

  /** Views over the kernels' memory: the row, room for a panel, room for sums. Keeps the row. */
  #layOut(width: number, panelBytes: number, numSums: number): void {
    const row = this.#row.slice();
    const start = 1024;
    const sums = start + Math.ceil(width / 8) * 16;
    const panel = sums + Math.ceil(numSums / 4) * 16;
    this.#kernels.reserve(panel + panelBytes);
    const memory = this.#kernels.buffer();
    this.#row = new Int16Array(memory, start, width);
    if (row.length === width) this.#row.set(row);
    this.#sums = new Int32Array(memory, sums, numSums);
    this.#panel = new Int8Array(memory, panel, panelBytes);
  }
}
