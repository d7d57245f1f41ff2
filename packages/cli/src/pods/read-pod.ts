import { readdirSync, readFileSync, statSync } from 'node:fs'
import { isErrno, podLayout } from '@rocket/contracts'
import { listField, readFields, textField, timeField, type Fields } from './fields.ts'
import type { LocatedPod } from './locate.ts'
import { readPodApp, type PodApp } from './read-app.ts'

/** Everything that `list` and `status` say of a pod. Times in milliseconds. */
export interface PodView extends LocatedPod {
  createdAt?: number
  startedAt?: number
  /** When it was marked for collection, the best guess rkt knows of when an old pod ended. */
  markedAt?: number
  pid?: number
  apps: PodApp[]
  networks: PodNetwork[]
  /** Of the pod, not of its apps. */
  annotations: Record<string, string>
  /** What could not be read; the rest is shown. */
  faults: Error[]
}

export interface PodNetwork {
  name: string
  ifName: string
  ip: string
  mask: string
  args: string
  plugin: string
}

/** Reads a pod's documents. `detail` also reads what only JSON shows. */
export function readPod(pod: LocatedPod, options: { detail: boolean }): PodView {
  const faults: Error[] = []
  const read = (file: string): Fields | undefined => {
    try {
      return readFields(`${pod.directory}/${file}`)
    } catch (error) {
      faults.push(error as Error)
      return undefined
    }
  }
  const createdAt = timeField(read('pod.json'), 'createdAt')
  if (createdAt === undefined && pod.place !== 'prepare') faults.push(new Error(`pod ${pod.uuid}: invalid creation time`))
  const hasRun = pod.place === 'run' || pod.place === 'exited-garbage' || pod.place === 'garbage'
  const stage2 = hasRun ? read('stage2.json') : undefined
  const pidFile = hasRun ? readPidFile(pod.directory) : undefined
  const startedAt = timeField(stage2, 'startedAt') ?? pidFile?.writtenAt
  const names = appNames(pod.directory)
  // One app needs no order, and most pods have one.
  const apps = names.map((name) => readPodApp(pod, name, { detail: options.detail || names.length > 1, read }))
  return {
    ...pod,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(pod.place === 'exited-garbage' ? { markedAt: statSync(pod.directory).ctimeMs } : {}),
    ...(pidFile === undefined ? {} : { pid: pidFile.pid }),
    apps: apps.toSorted((one, other) => one.order - other.order),
    networks: hasRun ? listField(read('net.json'), 'attachments').map(readNetwork) : [],
    annotations: {},
    faults,
  }
}

/** rkt's file, which every flavor has: `pid`, or `ppid` with the parent of the pod's first process. */
function readPidFile(directory: string): { pid: number; writtenAt: number } | undefined {
  for (const name of [podLayout.view.pid, 'ppid']) {
    try {
      const pid = Number(readFileSync(`${directory}/${name}`, 'utf8'))
      if (Number.isSafeInteger(pid) && pid > 0) return { pid, writtenAt: statSync(`${directory}/${name}`).mtimeMs }
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }
  return undefined
}

function appNames(directory: string): string[] {
  try {
    return readdirSync(`${directory}/${podLayout.apps}`)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** One address of each attachment is shown, as rkt had one. */
function readNetwork(attachment: Fields): PodNetwork {
  const addresses = Array.isArray(attachment['addresses']) ? attachment['addresses'].filter((one) => typeof one === 'string') : []
  const [ip = '', prefix = ''] = (addresses.find((one) => one.includes('.')) ?? addresses[0] ?? '').split('/')
  const plugins = Array.isArray(attachment['plugins']) ? attachment['plugins'] : []
  return {
    name: textField(attachment, 'network') ?? '',
    ifName: textField(attachment, 'ifName') ?? '',
    ip,
    mask: ip.includes('.') ? dottedMask(Number(prefix)) : prefix,
    args: textField(attachment, 'args') ?? '',
    plugin: typeof plugins[0] === 'string' ? plugins[0] : '',
  }
}

function dottedMask(bits: number): string {
  return [0, 8, 16, 24].map((done) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - done)))).join('.')
}
