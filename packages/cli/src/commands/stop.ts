import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { stopFlags } from '../grammar/flags/life.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { findPod, readUuidFile } from '../pods/locate.ts'
import { stopPod } from '../pods/stop-pod.ts'
import { errorStyle } from '../print/context.ts'
import { printError, printLine, type ErrorStyle } from '../print/errors.ts'
import { writeOut } from '../print/write.ts'

/** `rkt stop`: every pod is tried; the code tells whether all of them could be stopped. */
export function run(invocation: Invocation): number {
  const { flags, positionals } = invocation
  const style = errorStyle(invocation)
  const { dataDirectory } = readSettings(flags)
  const file = flags.get(outputFlags.uuidFile)
  let wanted = positionals
  if (file !== '') {
    try {
      wanted = [readUuidFile(file)]
    } catch (error) {
      printError(error, style, 'unable to read the UUID file')
      return 1
    }
  }
  const failures = wanted.filter((text) => !stopOne(dataDirectory, text, flags.get(stopFlags.force), style))
  if (failures.length === 0) return 0
  printLine(`failed to stop ${failures.length} pod(s)`, style)
  return 254
}

const afterRun = ['exited', 'exited deleting', 'exited garbage', 'deleting', 'garbage']

function stopOne(dataDirectory: string, text: string, force: boolean, style: ErrorStyle): boolean {
  let name = text
  let context = 'cannot get pod'
  try {
    const pod = findPod(dataDirectory, text)
    name = JSON.stringify(pod.uuid)
    if (afterRun.includes(pod.state)) {
      writeOut(`pod ${name} is already stopped\n`)
      return true
    }
    if (pod.state !== 'running') {
      printLine(`pod ${name} is not running`, style)
      return false
    }
    context = `error stopping ${name}`
    stopPod(pod, force)
    writeOut(`${name}\n`)
    return true
  } catch (error) {
    printError(error, style, context)
    return false
  }
}
