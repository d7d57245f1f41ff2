import { isThere } from '@rocket/host'
import { loadCheck, openStore, type Fault } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { storeCheckFlags } from '../grammar/flags/store.ts'
import { recordsOfPod } from '../pods/records-of-pod.ts'
import { formatJson } from '../print/json.ts'
import { formatTable } from '../print/table.ts'
import { writeError, writeOut } from '../print/write.ts'

/** `rkt store check`: a row for each fault, and what to do where that is not up to us. Exits with 254 when a fault is left. */
export async function run({ flags }: Invocation): Promise<number> {
  const settings = readSettings(flags)
  const { checkStore } = await loadCheck()
  const faults = !isThere(settings.storeDirectory) ? [] : await checkStore(openStore(settings.storeDirectory, { create: true }), {
    quick: flags.get(storeCheckFlags.quick), repair: flags.get(storeCheckFlags.repair),
    recordsOfPod: (uuid) => recordsOfPod(settings.dataDirectory, uuid),
  })
  const format = flags.get(outputFlags.format)
  const left = faults.filter(({ state }) => state !== 'mended')
  if (format !== '') writeOut(formatJson(faults, format))
  else print(faults, left)
  return left.length === 0 ? 0 : 254
}

function print(faults: readonly Fault[], left: readonly Fault[]): void {
  if (faults.length > 0) {
    writeOut(formatTable([['FAULT', 'STATE', 'FILE', 'WHY'], ...faults.map(({ kind, state, file, why }) => [kind, state, file, why])]))
  }
  const mendable = left.filter(({ state }) => state === 'found').length
  const hints = left.filter(({ state }) => state !== 'found').map(({ hint }) => hint).filter((hint) => hint !== undefined)
  const advice = [...(mendable > 0 ? ['`rkt store check --repair`'] : []), ...new Set(hints)]
  writeError(`check: ${faults.length} fault(s) found, ${faults.length - left.length} mended\n${advice.map((hint) => `  try: ${hint}\n`).join('')}`)
}
