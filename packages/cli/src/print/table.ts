/**
 * Rows as rkt aligns them: cells separated by tabs, every column but the last filled up with tabs to a multiple of eight. Consumers
 * split on runs of tabs. Rows may have fewer cells than the first; the text ends in a line feed.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  // Plain loops: lists of thousands of images and pods are printed within milliseconds.
  const longest: number[] = []
  for (const row of rows) {
    for (let column = 0; column < row.length - 1; column++) longest[column] = Math.max(longest[column] ?? 0, width(row[column]!))
  }
  const widths = longest.map((length) => Math.ceil((length + 1) / tab) * tab)
  let text = ''
  for (const row of rows) {
    for (let column = 0; column < row.length; column++) {
      text += column === row.length - 1 ? row[column]! : fill(row[column]!, widths[column] ?? tab)
    }
    text += '\n'
  }
  return text
}

const tab = 8

function fill(cell: string, to: number): string {
  return cell + '\t'.repeat(Math.ceil((to - width(cell)) / tab))
}

/** In characters, not in UTF-16 units. */
function width(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : [...text].length
}
