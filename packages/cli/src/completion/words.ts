import type { Command } from '../grammar/command.ts'
import { commands } from '../grammar/commands.ts'
import { globalFlags } from '../grammar/flags/global.ts'

/** What the words of a command can be completed with. */
export interface CompletedCommand {
  path: string
  summary: string
  /** With a trailing `=` where a value must follow. */
  flags: string[]
  /** `uuid` of pods in one of these states; `image`: an ID from the store. */
  words?: { kind: 'uuid'; states: string[] } | { kind: 'image' }
}

const uuidStates: Record<string, string[]> = {
  'run-prepared': ['prepared'],
  enter: ['running'],
  stop: ['running'],
  rm: ['aborted prepare', 'prepared', 'exited', 'exited garbage'],
  status: [],
  'cat-manifest': [],
  trace: [],
}
const takesImages = [
  'run', 'prepare', 'explain', 'image rm', 'image cat-manifest', 'image export', 'image extract', 'image render', 'image inspect', 'image history',
  'image diff', 'image du', 'image verify', 'image copy',
]

/** Every visible command that does something, from the table that the parser uses. */
export function completedCommands(): CompletedCommand[] {
  return commands.filter((command) => command.hidden !== true && command.load !== undefined).map((command) => {
    const states = uuidStates[command.path]
    return {
      path: command.path,
      summary: command.summary,
      flags: [...command.flags, ...Object.values(globalFlags)].filter(isShown).map(spelling).sort(),
      ...(states === undefined ? {} : { words: { kind: 'uuid' as const, states } }),
      ...(takesImages.includes(command.path) ? { words: { kind: 'image' as const } } : {}),
    }
  })
}

function isShown({ hidden, deprecated }: Command['flags'][number]): boolean {
  return hidden !== true && deprecated === undefined
}

function spelling({ name, kind }: Command['flags'][number]): string {
  return kind.bareText === undefined ? `--${name}=` : `--${name}`
}
