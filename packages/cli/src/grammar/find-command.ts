import type { Command } from './command.ts'
import { nearWords } from './near-words.ts'

export type Found =
  | { command: Command; usedWords: number }
  | { unknown: string; parent: string; suggestions: string[] }

/**
 * The command that `words` begin with. Every word may be shortened as long as it stays unique among its neighbours; rkt's own
 * commands are asked first, then the new ones. Two that fit are none.
 */
export function findCommand(words: readonly string[], commands: readonly Command[]): Found {
  let found: Command | undefined
  let path = ''
  for (const [index, word] of words.entries()) {
    const children = childrenOf(path, commands)
    if (children.length === 0) break
    const next = match(word, children)
    if (next === undefined) {
      const names = children.filter((child) => child.hidden !== true).map((child) => lastWord(child.path))
      return { unknown: word, parent: path, suggestions: nearWords(word, names) }
    }
    found = next
    path = next.path
    if (childrenOf(path, commands).length === 0) return { command: found, usedWords: index + 1 }
  }
  if (found === undefined) return { unknown: '', parent: '', suggestions: [] }
  return { command: found, usedWords: words.length }
}

export function childrenOf(path: string, commands: readonly Command[]): Command[] {
  const depth = path === '' ? 0 : path.split(' ').length
  return commands.filter((command) => {
    const words = command.path.split(' ')
    return words.length === depth + 1 && (depth === 0 || command.path.startsWith(`${path} `))
  })
}

export function lastWord(path: string): string {
  return path.slice(path.lastIndexOf(' ') + 1)
}

function match(word: string, children: readonly Command[]): Command | undefined {
  const exact = children.find((child) => lastWord(child.path) === word)
  if (exact !== undefined || word === '') return exact
  const fits = children.filter((child) => lastWord(child.path).startsWith(word))
  const ofRkt = fits.filter((child) => child.isNew !== true)
  const choice = ofRkt.length > 0 ? ofRkt : fits
  return choice.length === 1 ? choice[0] : undefined
}
