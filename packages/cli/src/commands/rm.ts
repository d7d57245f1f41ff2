import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { findPod, readUuidFile, type LocatedPod } from '../pods/locate.ts'
import type { PodState } from '../pods/state.ts'
import { ContextError, errorStyle, within } from '../print/context.ts'
import { printError, printLine } from '../print/errors.ts'
import { writeOut } from '../print/write.ts'
import { takeAndCollect } from '../road/collect.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** `rkt rm`: collects pods now, whatever their age. All are tried. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation
  const style = errorStyle(invocation)
  const settings = readSettings(flags)
  const around = surroundingsOf(settings, flags)
  const file = flags.get(outputFlags.uuidFile)
  const wanted = file === '' ? positionals : [within('unable to read the UUID file', () => readUuidFile(file))]
  let failures = 0
  for (const text of wanted) {
    try {
      const pod = within('cannot get pod', () => findPod(settings.dataDirectory, text))
      const refusal = refusals[pod.state]
      if (refusal !== undefined) {
        printLine(`pod ${JSON.stringify(pod.uuid)} is currently ${refusal}`, style)
        failures += 1
        continue
      }
      const note = notes[pod.state]
      if (note !== undefined) printLine(note(JSON.stringify(pod.uuid)), style)
      await collect(pod, around)
      writeOut(`${JSON.stringify(pod.uuid)}\n`)
    } catch (error) {
      printError(error, style)
      failures += 1
    }
  }
  if (failures === 0) return 0
  printLine('failed to remove one or more pods', style)
  return 254
}

/** Pods that somebody uses, in the words of the refusal. */
const refusals: { [S in PodState]?: string } = {
  running: 'running',
  embryo: 'being prepared',
  preparing: 'being prepared',
  deleting: 'being deleted',
  'exited deleting': 'being deleted',
}

/** What `gc` says of the same step. */
const notes: { [S in PodState]?: (uuid: string) => string } = {
  prepared: (uuid) => `moving expired prepared pod ${uuid} to garbage`,
  'aborted prepare': (uuid) => `moving failed prepare ${uuid} to garbage`,
}

async function collect(pod: LocatedPod, around: Parameters<typeof takeAndCollect>[2]): Promise<void> {
  try {
    await takeAndCollect(pod.uuid, pod.place, around)
  } catch (error) {
    throw new ContextError(`unable to remove pod ${JSON.stringify(pod.uuid)}`, error)
  }
}
