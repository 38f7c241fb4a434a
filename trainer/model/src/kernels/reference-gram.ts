// The kernels over products of all rows, in plain TypeScript: the twins of assembly/gram-matrix.ts and assembly/lanes.ts,
// equal bit for bit.
import { type Kernels, NUM_LANES } from "./kernels.ts";

const { fround } = Math;

/** A view of the kernels' memory, and where the rows lie in it. */
interface Rows {
  readonly f32: Float32Array;
  readonly u32: Uint32Array;
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
  readonly dense: number;
  readonly width: number;
}

/** Floats of one row of the matrix. */
export function gramStride(numRows: number): number {
  return Math.ceil(numRows / NUM_LANES) * NUM_LANES;
}

export function gramKernels(memory: () => ArrayBuffer): Pick<Kernels, "gramMatrix" | "startMargins" | "sumWeights"> {
  return {
    gramMatrix(numRows, indptr, indices, values, norms, w, numFeatures, dense, width, panel, gram) {
      const rows = views(memory(), { indptr, indices, values, dense, width });
      const { f32 } = rows;
      const stride = gramStride(numRows);
      const one = new Float32Array(NUM_LANES);
      // One lane at a time: lane 0 holds a row, and its products with all others are what the twin computes for 16.
      for (let row = 0; row < numRows; row++) {
        f32.fill(0, w / 4, w / 4 + numFeatures * NUM_LANES);
        f32.fill(0, panel / 4, panel / 4 + width * NUM_LANES);
        one[0] = 1;
        addRow(rows, row, w, panel, one);
        for (let other = row; other < numRows; other++) {
          const product = other === row ? f32[norms / 4 + row * 2]! : productWithLane(rows, other, w, panel);
          f32[gram / 4 + row * stride + other] = product;
          f32[gram / 4 + other * stride + row] = product;
        }
      }
    },
    startMargins(numRows, gram, rowKind, kinds, margins, share) {
      const f32 = new Float32Array(memory());
      const kindOf = new Uint32Array(memory(), rowKind, numRows);
      const fall = new Float32Array(NUM_LANES);
      f32.fill(0, margins / 4, margins / 4 + numRows * NUM_LANES);
      for (let row = 0; row < numRows; row++) {
        const kind = kinds / 4 + kindOf[row]! * NUM_LANES * 2;
        for (let lane = 0; lane < NUM_LANES; lane++) fall[lane] = f32[kind + lane]! < 0 ? -share : 0;
        addDense(f32, gram / 4 + row * gramStride(numRows), margins / 4, numRows, fall);
      }
    },
    sumWeights(numRows, indptr, indices, values, w, numFeatures, alpha, rowKind, kinds, bias, dense, width, panel) {
      const rows = views(memory(), { indptr, indices, values, dense, width });
      const { f32, u32 } = rows;
      const signed = new Float32Array(NUM_LANES);
      f32.fill(0, w / 4, w / 4 + numFeatures * NUM_LANES);
      f32.fill(0, panel / 4, panel / 4 + width * NUM_LANES);
      f32.fill(0, bias / 4, bias / 4 + NUM_LANES);
      for (let row = 0; row < numRows; row++) {
        const kind = kinds / 4 + u32[rowKind / 4 + row]! * NUM_LANES * 2;
        for (let lane = 0; lane < NUM_LANES; lane++) {
          signed[lane] = f32[kind + lane]! * f32[alpha / 4 + row * NUM_LANES + lane]!;
          f32[bias / 4 + lane]! += signed[lane]!;
        }
        addRow(rows, row, w, panel, signed);
      }
    },
  };
}

function views(memory: ArrayBuffer, addresses: Omit<Rows, "f32" | "u32">): Rows {
  return { f32: new Float32Array(memory), u32: new Uint32Array(memory), ...addresses };
}

/** 1 + the products of a row with lane 0 of w and panel. */
function productWithLane({ f32, u32, ...at }: Rows, row: number, w: number, panel: number): number {
  let sum = 1;
  for (let p = u32[at.indptr / 4 + row]!; p < u32[at.indptr / 4 + row + 1]!; p++) {
    const weight = f32[w / 4 + u32[at.indices / 4 + p]! * NUM_LANES]!;
    sum = fround(sum + fround(f32[at.values / 4 + p]! * weight));
  }
  for (let k = 0; k < at.width; k++) {
    const x = f32[at.dense / 4 + row * at.width + k]!;
    sum = fround(sum + fround(x * f32[panel / 4 + k * NUM_LANES]!));
  }
  return sum;
}

/** w and panel += x ⊗ delta, for one row of both blocks. */
export function addRow(rows: Rows, row: number, w: number, panel: number, delta: Float32Array): void {
  const { f32, u32, indptr, indices, values, dense, width } = rows;
  for (let p = u32[indptr / 4 + row]!; p < u32[indptr / 4 + row + 1]!; p++) {
    const weights = w / 4 + u32[indices / 4 + p]! * NUM_LANES;
    const x = f32[values / 4 + p]!;
    for (let lane = 0; lane < NUM_LANES; lane++) f32[weights + lane]! += fround(x * delta[lane]!);
  }
  addDense(f32, dense / 4 + row * width, panel / 4, width, delta);
}

/** panel [width][16] += x [width] ⊗ delta [16]; x and panel are positions in `f32`. */
export function addDense(f32: Float32Array, x: number, panel: number, width: number, delta: Float32Array): void {
  for (let k = 0; k < width; k++) {
    const weights = panel + k * NUM_LANES;
    for (let lane = 0; lane < NUM_LANES; lane++) f32[weights + lane]! += fround(f32[x + k]! * delta[lane]!);
  }
}
