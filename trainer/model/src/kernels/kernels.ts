// What a kernel backend offers. Arguments are byte offsets into the backend's memory, as the kernels themselves take
// them, so that one caller and one test suite serve both twins.

/** 16 sibling labels are solved together: one f32 row of 16 lanes is one cache line. */
export const NUM_LANES = 16;

export interface Kernels {
  readonly name: "simd" | "reference";
  /** The memory that offsets point into; replaced when `reserve` grows it. */
  buffer(): ArrayBuffer;
  /** Makes the memory at least `bytes` long. @throws RangeError where the machine has no more. */
  reserve(bytes: number): void;

  /**
   * Solves 16 problems on the same rows by dual coordinate descent, from the start given in w, alpha and state: L2-loss
   * SVMs or, with `logistic`, logistic regressions, whose alphas come in as logits u, alpha = C / (1 + exp(-u)).
   *
   * Shapes  CSR of `numRows` rows; norms [rows][2] = ‖x‖² + 1 and the squared length of
   *         what lies on features of this row alone (left out of the CSR: their weights are y·alpha·x); w [features][16]; alpha [rows][16]; rowKind [rows] u32;
   *         kinds [k][32]: 16 signs ±1, 16 ridges 1/(2C) or costs C; state 64 f32: biases, masks (all bits set while a lane is
   *         open), largest and smallest projected gradient of the last pass; order, active [rows] u32 scratch, order
   *         holding 0..rows-1; dense [rows][width], the dense block, and panel [width][16], its weights, updated;
   *         width is even, 0 where there is no dense block. With gram [rows][rows] of `gramMatrix`, 0 for none, w is
   *         the margins of the rows instead, [rows][16]; CSR, dense block, panel and biases are left alone.
   * Units   eps bounds the span of the projected gradients, as LIBLINEAR's; coordinates that violate their optimum by
   *         no more than `lazy` stay where they are.
   * Cost    O(non-zeros · 16) a full pass, with gram O(rows · 16) a row that moves; allocates nothing. Returns the passes made, partial ones included.
   * Source  Hsieh et al., ICML 2008, Algorithm 3; Yu, Huang and Lin, Machine Learning 85, 2011.
   */
  solveGroup(
    numRows: number,
    indptr: number,
    indices: number,
    values: number,
    norms: number,
    w: number,
    alpha: number,
    rowKind: number,
    kinds: number,
    state: number,
    order: number,
    active: number,
    eps: number,
    lazy: number,
    maxPasses: number,
    seed: number,
    dense: number,
    width: number,
    panel: number,
    logistic: boolean,
    gram: number,
  ): number;

  /**
   * Products of all rows with each other, with 1 added for the bias: gram [rows][rows], each row padded to a multiple of
   * 16 products. The diagonal is the first of the two norms. w and panel are scratch.
   */
  gramMatrix(
    numRows: number,
    indptr: number,
    indices: number,
    values: number,
    norms: number,
    w: number,
    numFeatures: number,
    dense: number,
    width: number,
    panel: number,
    gram: number,
  ): void;

  /** margins [rows][16] where the alpha of all negatives is `share` and that of positives 0. */
  startMargins(numRows: number, gram: number, rowKind: number, kinds: number, margins: number, share: number): void;

  /** w [features][16] = Σ y·alpha·x over the rows, and likewise panel [width][16] and the 16 biases. */
  sumWeights(
    numRows: number,
    indptr: number,
    indices: number,
    values: number,
    w: number,
    numFeatures: number,
    alpha: number,
    rowKind: number,
    kinds: number,
    bias: number,
    dense: number,
    width: number,
    panel: number,
  ): void;

  /**
   * w [features][16] and panel [width][16] += share · x of each row, in the lanes whose sign in the row's kind is +1:
   * takes positives out of the start "all rows negative". Rows of kind 0 have none.
   */
  liftPositives(
    numRows: number,
    indptr: number,
    indices: number,
    values: number,
    w: number,
    rowKind: number,
    kinds: number,
    dense: number,
    width: number,
    panel: number,
    share: number,
  ): void;

  /** Lists in `out` (u32) the rows of w [features][16] with some |weight| ≥ threshold; returns how many. */
  collectRows(w: number, numFeatures: number, threshold: number, out: number): number;

  /** w [features][16] = factor · sum [features], in every lane. */
  spreadRows(w: number, sum: number, numFeatures: number, factor: number): void;

  /** out [rows] i32 = panel [rows][width] i8 · query [width] i16. The caller keeps Σ |query| · 128 below 2^31. */
  dotPanel(query: number, panel: number, width: number, numRows: number, out: number): void;
}
