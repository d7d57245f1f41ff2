import { commands, formatHelp } from '@rocket/cli'
import type { Command } from '@rocket/cli'
import { escapeCell } from './error-page.ts'

const header = '<!-- Generated from the table of commands in packages/cli by tools/docs. -->'

type Flag = Command['flags'][number]

/** A page for each command and an index, from the table that the parser itself uses. */
export function makeCommandPages(): [string, string][] {
  const shown = commands.filter((command) => command.hidden !== true && command.load !== undefined)
  return [
    ['docs/commands/README.md', makeIndex(shown)],
    ...shown.map((command): [string, string] => [`docs/commands/${slug(command)}.md`, makePage(command)]),
  ]
}

function slug(command: Command): string {
  return command.path.replaceAll(' ', '-')
}

function makeIndex(shown: readonly Command[]): string {
  const rows = shown.map((command) => `| [\`rkt ${command.path}\`](${slug(command)}.md)${command.isNew ? ' (new)' : ''} | ${escapeCell(command.summary)} |`)
  const globalOptions = formatHelp().split('GLOBAL OPTIONS:\n')[1] ?? ''
  return [
    header,
    '# Commands\n',
    "Marked as new: Rocket's own; the others are rkt's, with its grammar, output and exit codes.\n",
    '| command | |\n| --- | --- |',
    ...rows,
    '\n## Flags of every command\n',
    `\`\`\`\n${align(globalOptions)}\n\`\`\`\n`,
  ].join('\n')
}

function makePage(command: Command): string {
  const flags = command.flags.filter((flag) => flag.hidden !== true && flag.deprecated === undefined).toSorted(byName)
  const older = command.flags.filter((flag) => flag.deprecated !== undefined && flag.hidden !== true).toSorted(byName)
  return [
    header,
    `# rkt ${command.path}\n`,
    `${command.summary}.\n`,
    `\`\`\`\n${`rkt ${command.path} ${command.usage}`.trimEnd()}\n\`\`\`\n`,
    `${command.description}${command.needsRoot ? ' Needs root.' : ''}\n`,
    ...(command.examples.length > 0 ? [`## Examples\n\n\`\`\`\n${command.examples.join('\n')}\n\`\`\`\n`] : []),
    ...(flags.length > 0 ? [`## Flags\n\n| flag | belongs to | meaning |\n| --- | --- | --- |\n${flags.map(makeRow).join('\n')}\n`] : []),
    ...(older.length > 0 ? [`## Older spellings\n\n${older.map((flag) => `- \`--${flag.name}\`: ${flag.deprecated}`).join('\n')}\n`] : []),
  ].join('\n')
}

/** What a flag belongs to, where it is not the command as a whole. */
const owners: Readonly<Record<string, string>> = {
  pod: '', image: 'the image before it', application: 'the image before it', 'pod-or-image': 'all, or the image before it',
}

function makeRow(flag: Flag): string {
  const name = `${flag.short ? `\`-${flag.short}\`, ` : ''}\`--${flag.name}\``
  return `| ${name} | ${owners[flag.scope ?? 'pod']} | ${escapeCell(flag.help)} |`
}

function byName(one: Flag, other: Flag): number {
  return one.name < other.name ? -1 : 1
}

function align(text: string): string {
  return text.trimEnd().split('\n').map((line) => line.trim().split(/\t+/)).map(([flag = '', help = '']) => `${flag.padEnd(32)}${help}`).join('\n')
}
