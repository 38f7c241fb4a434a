// Plain text tables: columns as wide as their widest cell.

/** `align` has one letter a column: "l" left, "r" right. Cells of the last left-aligned column are not padded. */
export function formatTable(rows: readonly (readonly string[])[], align: string): string {
  const widths = [...align].map((_, column) => Math.max(0, ...rows.map((it) => (it[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (align[i] === "r" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}
