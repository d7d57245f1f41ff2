import { probeMachine, type Probe } from '@rocket/host'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { formatJson } from '../print/json.ts'
import { useQuickExit } from '../print/quick-exit.ts'
import { formatTable } from '../print/table.ts'
import { writeOut } from '../print/write.ts'

/** `rkt doctor`: what the machine can do. 254 when something is missing without which nothing runs. */
export function run({ flags }: Invocation): number {
  const probes = probeMachine({ dataDirectory: readSettings(flags).dataDirectory })
  const format = flags.get(outputFlags.format)
  const works = probes.every((probe) => probe.ok || probe.level === 'optional')
  useQuickExit()
  writeOut(format === '' ? formatProbes(probes, works) : formatJson({ version: 1, ok: works, probes }, format))
  return works ? 0 : 254
}

function formatProbes(probes: readonly Probe[], works: boolean): string {
  const table = formatTable(probes.map((probe) => [probe.ok ? 'ok' : word(probe), probe.name, probe.found]))
  const advice = probes.filter((probe) => !probe.ok && probe.hint !== undefined).map((probe) => `  ${probe.name}: ${probe.hint}\n`)
  const verdict = works ? 'Pods can be run on this machine.\n' : 'Pods cannot be run on this machine yet.\n'
  return `${table}\n${verdict}${advice.length === 0 ? '' : `\nTo mend what is missing:\n${advice.join('')}`}`
}

function word({ level }: Probe): string {
  return level === 'required' ? 'MISSING' : 'absent'
}
