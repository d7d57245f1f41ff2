import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { listPods } from '../pods/locate.ts'
import { readPod, type PodView } from '../pods/read-pod.ts'
import { formatErrorBlock } from '../print/error-block.ts'
import { formatJson } from '../print/json.ts'
import { formatNetworks, podToJson } from '../print/pod-text.ts'
import { formatTable } from '../print/table.ts'
import { formatAge, formatFullTime, unknownFullTime } from '../print/time.ts'
import { writeError, writeOut } from '../print/write.ts'

/** `rkt list`: a row for each app; what a pod cannot say is left out and told afterwards. */
export function run({ flags }: Invocation): number {
  const full = flags.get(outputFlags.full)
  const format = flags.get(outputFlags.format)
  const pods = listPods(readSettings(flags).dataDirectory).map((pod) => readPod(pod, { detail: format !== '' }))
  const errors = pods.flatMap(faultsOf)
  if (format !== '') {
    const shown = pods.filter((pod) => pod.createdAt !== undefined)
    // rkt's consumers know the list of no pods as null.
    writeOut(formatJson(shown.length === 0 ? null : shown.map(podToJson), format))
    const withoutTime = pods.filter((pod) => pod.createdAt === undefined && pod.faults.length === 0)
    errors.push(...withoutTime.map((pod) => new Error(`pod ${pod.uuid}: invalid creation time`)))
  } else {
    const header = full ? [fullHeader] : [shortHeader]
    writeOut(formatTable([...(flags.get(outputFlags.noLegend) ? [] : header), ...pods.flatMap((pod) => podRows(pod, full))]))
  }
  writeError(formatErrorBlock(errors, 'listing pods'))
  return 0
}

const shortHeader = ['UUID', 'APP', 'IMAGE NAME', 'STATE', 'CREATED', 'STARTED', 'NETWORKS']
const fullHeader = ['UUID', 'APP', 'IMAGE NAME', 'IMAGE ID', 'STATE', 'CREATED', 'STARTED', 'NETWORKS']

/** The cells of the pod stand in its first row only. */
function podRows(pod: PodView, full: boolean): string[][] {
  const uuid = full ? pod.uuid : pod.uuid.slice(0, 8)
  const tail = [
    pod.state,
    createdCell(pod, full),
    pod.startedAt === undefined ? '' : timeCell(pod.startedAt, full),
    formatNetworks(pod.networks),
  ]
  if (pod.apps.length === 0) return [[uuid, ...(full ? ['-', '-', '-'] : ['-', '-']), ...tail]]
  return pod.apps.map((app, index) => {
    const cells = [app.name, app.imageName ?? '--', ...(full ? [(app.imageId ?? '--').slice(0, 19)] : [])]
    return index === 0 ? [uuid, ...cells, ...tail] : ['', ...cells, '', '', '', '']
  })
}

function createdCell(pod: PodView, full: boolean): string {
  if (pod.createdAt !== undefined) return timeCell(pod.createdAt, full)
  return full ? unknownFullTime : 'a long while ago'
}

function timeCell(ms: number, full: boolean): string {
  return full ? formatFullTime(ms) : formatAge(ms)
}

function faultsOf(pod: PodView): Error[] {
  const unreadable = pod.apps.filter((app) => app.imageName === undefined)
  return [...pod.faults, ...unreadable.map((app) => new Error(`pod ${pod.uuid}: the image manifest of app ${app.name} cannot be read`))]
}
