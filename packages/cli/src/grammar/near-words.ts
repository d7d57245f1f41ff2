/** Words that someone may have meant: at most two letters wrong, or begun with what was typed. */
export function nearWords(typed: string, words: readonly string[]): string[] {
  const wanted = typed.toLowerCase()
  return words.filter((word) => editDistance(wanted, word.toLowerCase()) <= 2 || (wanted !== '' && word.toLowerCase().startsWith(wanted)))
}

/** Levenshtein: single letters put in, left out or exchanged. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const exchange = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(exchange, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
