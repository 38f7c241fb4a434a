// A lookup table that stays on the host: word pieces, positions, the head's nodes. A step sees the rows it uses and
// returns them updated, so a table may be as large as memory, and rows that a batch does not use cost nothing.

/** Rows of a table with their two AdamW moments, each [rows, width]. */
export interface TableRows {
  readonly rows: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface Table extends TableRows {
  readonly width: number;
  readonly numRows: number;
}

/** Takes `rows` over, and starts with zero moments. */
export function newTable(rows: Float32Array, width: number): Table {
  const zeros = () => new Float32Array(rows.length);
  return { rows, first: zeros(), second: zeros(), width, numRows: rows.length / width };
}

/** Copies of the rows at `at`. */
export function gatherRows({ rows, first, second, width }: Table, at: Uint32Array): TableRows {
  return {
    rows: gather(rows, width, at),
    first: gather(first, width, at),
    second: gather(second, width, at),
  };
}

export function scatterRows(table: Table, at: Uint32Array, updated: TableRows): void {
  scatter(table.rows, table.width, at, updated.rows);
  scatter(table.first, table.width, at, updated.first);
  scatter(table.second, table.width, at, updated.second);
}

export function forgetMoments({ first, second }: Table): void {
  first.fill(0);
  second.fill(0);
}

function gather(values: Float32Array, width: number, at: Uint32Array): Float32Array {
  const rows = new Float32Array(at.length * width);
  for (const [k, row] of at.entries()) rows.set(values.subarray(row * width, (row + 1) * width), k * width);
  return rows;
}

function scatter(values: Float32Array, width: number, at: Uint32Array, rows: Float32Array): void {
  for (const [k, row] of at.entries()) values.set(rows.subarray(k * width, (k + 1) * width), row * width);
}
