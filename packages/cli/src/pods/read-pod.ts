import { statSync } from 'node:fs'
import { podLayout } from '@rocket/contracts'
import { namesIn, readIfThere } from '@rocket/host'
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

export interface ReadPodOptions {
  /** Also what only JSON shows: mounts and the user's annotations. */
  detail: boolean
  /** Also the process, which only `status` prints. */
  process?: boolean
}

/** Reads a pod's documents, as few of them as will do: `list` does this for thousands. */
export function readPod(pod: LocatedPod, options: ReadPodOptions): PodView {
  const hasRun = pod.place === 'run' || pod.place === 'exited-garbage' || pod.place === 'garbage'
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
  const names = namesIn(`${pod.directory}/${podLayout.apps}`)
  // One app needs no order, and most pods have one.
  const apps = names.map((name) => readPodApp(pod, name, { detail: options.detail || names.length > 1, read }))
  const pidFile = hasRun && options.process === true ? readPidFile(pod.directory) : undefined
  const startedAt = hasRun ? findStart(pod, apps, read) : undefined
  return {
    ...pod,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(pod.place === 'exited-garbage' ? { markedAt: statSync(pod.directory).ctimeMs } : {}),
    ...(pidFile === undefined ? {} : { pid: pidFile.pid }),
    apps: apps.toSorted((one, other) => one.order - other.order),
    networks: hasRun ? listField(read('net.json'), 'attachments').map(readNetwork) : [],
    faults,
  }
}

/** A pod has started when its supervisor made its apps; where it says nothing of apps, when it came up itself. */
function findStart(pod: LocatedPod, apps: readonly PodApp[], read: (file: string) => Fields | undefined): number | undefined {
  const made = apps.flatMap((app) => app.createdAt ?? [])
  if (made.length > 0) return Math.min(...made)
  return timeField(read('stage2.json'), 'startedAt') ?? readPidFile(pod.directory)?.writtenAt
}

/** rkt's file, which every flavor has: `pid`, or `ppid` with the parent of the pod's first process. */
function readPidFile(directory: string): { pid: number; writtenAt: number } | undefined {
  for (const name of [podLayout.view.pid, 'ppid']) {
    const pid = Number(readIfThere(`${directory}/${name}`)?.toString('latin1') ?? 0)
    const writtenAt = pid > 0 ? statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.mtimeMs : undefined
    if (Number.isSafeInteger(pid) && writtenAt !== undefined) return { pid, writtenAt }
  }
  return undefined
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
