export interface Import {
  readonly specifier: string
  readonly line: number
  /** Erased before anything runs. */
  readonly typeOnly: boolean
  /** Reached only when the code around it runs. */
  readonly dynamic: boolean
  /** The names taken, where they are listed. */
  readonly names: readonly string[]
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?((?:[\w$*{},\s]|\/\/.*\n)*?)\s*from\s*'([^']+)'/gm
const bare = /^[ \t]*import\s*'([^']+)'/gm
const dynamic = /(?<!['"`\w.])(?:import|require)\(\s*'([^']+)'/g

/**
 * The imports of a module as it is written. TypeScript 7 has no parser for others to use; ours is enough for code in
 * our own format (single quotes, statements at the start of a line). Comments and double-quoted texts are blanked first.
 */
export function readImports(source: string): Import[] {
  const text = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$|"[^"\n]*"/gm, (quiet) => quiet.replaceAll(/[^\n]/g, ' '))
  const at = (index: number): number => text.slice(0, index).split('\n').length
  const found = [
    ...Array.from(text.matchAll(statement), (match) => ({
      specifier: match[3] ?? '', line: at(match.index), typeOnly: match[1] !== undefined, dynamic: false, names: readNames(match[2] ?? ''),
    })),
    ...Array.from(text.matchAll(bare), (match) => plain(match, at, false)),
    ...Array.from(text.matchAll(dynamic), (match) => plain(match, at, true)),
  ]
  // In a program that a test writes, as a template.
  return found.filter(({ specifier }) => !specifier.includes('${'))
}

function plain(match: RegExpExecArray, at: (index: number) => number, isDynamic: boolean): Import {
  return { specifier: match[1] ?? '', line: at(match.index), typeOnly: false, dynamic: isDynamic, names: [] }
}

function readNames(clause: string): string[] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  return list.split(',').map((entry) => entry.trim().split(/\s+as\s+/)[0] ?? '').filter((name) => name !== '' && !name.startsWith('type '))
}
