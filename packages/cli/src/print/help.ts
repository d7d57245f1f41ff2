import type { Command } from '../grammar/command.ts'
import { commands } from '../grammar/commands.ts'
import type { Flag } from '../grammar/flag.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { rocketVersion } from '../version.ts'
import { formatTable } from './table.ts'

/** The help of a command, or of `rkt` itself: sections in rkt's order, each line behind a tab. */
export function formatHelp(command?: Command): string {
  const path = command === undefined ? 'rkt' : `rkt ${command.path}`
  const summary = command?.summary ?? 'rkt, the application container runtime'
  const below = listBelow(command?.path)
  const sections = [
    section('NAME:', `${path} - ${summary}\n`),
    section('USAGE:', `${command === undefined ? 'rkt [command]' : `${path} ${command.usage}`.trimEnd()}\n`),
    command === undefined ? section('VERSION:', `${rocketVersion}\n`) : '',
    below.length === 0 ? '' : section('COMMANDS:', formatTable(below.map((one) => [one.path, one.summary]))),
    section('DESCRIPTION:', wrap(command?.description ?? rootDescription)),
    command === undefined || command.examples.length === 0
      ? ''
      : section('EXAMPLES:', command.examples.map((line) => `${line}\n`).join('')),
    section('OPTIONS:', formatFlags(command?.flags ?? [])),
    section('GLOBAL OPTIONS:', formatFlags(Object.values(globalFlags))),
  ]
  return sections.filter((text) => text !== '').join('\n')
}

const rootDescription =
  "A daemonless runtime for pods of application images. 'rkt quickstart' shows the whole road once; 'rkt help COMMAND' explains a command."

function listBelow(path: string | undefined): Command[] {
  return commands.filter((one) => one.hidden !== true && one.load !== undefined && (path === undefined || one.path.startsWith(`${path} `)))
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n${body.replace(/^(?=.)/gm, '\t')}`
}

function formatFlags(flags: readonly Flag<unknown>[]): string {
  const shown = flags.filter((flag) => flag.hidden !== true && flag.deprecated === undefined)
  const sorted = shown.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return formatTable(sorted.map((flag) => [`   ${flagUsage(flag)}`, flag.help]))
}

function flagUsage(flag: Flag<unknown>): string {
  const name = `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.name}`
  const { valueIsOptional, shownDefault } = flag.kind
  return valueIsOptional === true ? `${name}[=${shownDefault}]` : `${name}=${shownDefault}`
}

/** Lines of at most 100 characters. */
function wrap(text: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line, ''].join('\n')
}
