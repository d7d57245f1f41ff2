/**
 * Rows as rkt aligns them: cells separated by tabs, every column but the last filled up with tabs to a multiple of eight. Consumers
 * split on runs of tabs. Rows may have fewer cells than the first; the text ends in a line feed.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) => {
    const longest = Math.max(0, ...rows.filter((row) => column < row.length - 1).map((row) => width(row[column] ?? '')))
    return Math.ceil((longest + 1) / tab) * tab
  })
  return rows
    .map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : fill(cell, widths[column] ?? tab))).join('')}\n`)
    .join('')
}

const tab = 8

function fill(cell: string, to: number): string {
  return cell + '\t'.repeat(Math.ceil((to - width(cell)) / tab))
}

/** In characters, not in UTF-16 units. */
function width(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : [...text].length
}
