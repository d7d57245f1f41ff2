import { completedCommands, type CompletedCommand } from './words.ts'

/** A script for fish, a line for each command and flag. */
export function fishCompletion(): string {
  const all = completedCommands()
  const groups = [...new Set(all.filter(({ path }) => path.includes(' ')).map(({ path }) => path.split(' ')[0] ?? ''))]
  const lines = [
    'complete -c rkt -f',
    ...groups.map((group) => `complete -c rkt -n __fish_use_subcommand -a ${group}`),
    ...all.flatMap(commandLines),
  ]
  return `# fish completion for rkt\n${lines.join('\n')}\n`
}

function commandLines({ path, summary, flags, words }: CompletedCommand): string[] {
  const [first = '', second] = path.split(' ')
  const seen =
    second === undefined
      ? `__fish_seen_subcommand_from ${first}`
      : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
  const offer =
    second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${second}`
  const ids =
    words === undefined
      ? []
      : [words.kind === 'image' ? 'rkt image list --fields=id --no-legend' : 'rkt list --full --no-legend | string split -f1 \\t']
  return [
    `complete -c rkt -n '${offer}' -a ${second ?? first} -d '${summary.replaceAll("'", "\\'")}'`,
    ...ids.map((command) => `complete -c rkt -n '${seen}' -a '(${command})'`),
    ...flags.map((flag) => `complete -c rkt -n '${seen}' -l ${flag.slice(2).replace('=', ' -r')}`),
  ]
}
