import { podLayout } from '@rocket/contracts'
import { readIfThere } from '@rocket/host'
import { asFields, listField, namedValue, numberField, textField, textMap, timeField, type Fields } from './fields.ts'
import type { LocatedPod } from './locate.ts'

/** rkt's four words; an app that never ran has exited, too, with the code 254. */
export type AppState = 'unknown' | 'created' | 'running' | 'exited'

export interface PodApp {
  name: string
  order: number
  /** With the version behind a colon; undefined when the record of the image cannot be read. */
  imageName?: string
  imageId?: string
  state: AppState
  createdAt?: number
  startedAt?: number
  finishedAt?: number
  /** As rkt counts: the exit code, or the number of the signal; 254 when it never ran. */
  exitCode?: number
  signal?: number
  reason?: string
  mounts: AppMount[]
  userAnnotations: Record<string, string>
  userLabels: Record<string, string>
}

export interface AppMount {
  name: string
  containerPath: string
  hostPath: string
  readOnly: boolean
}

export interface ReadAppOptions {
  /** Whether to read the resolved app: its place in the order, its mounts, its annotations. */
  detail: boolean
  /** Reads a document of the pod; keeps the fault of one that is no document. */
  read: (file: string) => Fields | undefined
}

export function readPodApp(pod: LocatedPod, name: string, { detail, read }: ReadAppOptions): PodApp {
  const image = read(podLayout.appDocument(name, 'image'))
  const status = read(podLayout.appDocument(name, 'status'))
  const app = detail ? read(podLayout.appDocument(name, 'app')) : undefined
  return {
    name,
    order: numberField(app, 'order') ?? 0,
    ...readImage(image),
    ...readStatus(pod, name, status),
    mounts: listField(app, 'mounts').map((mount) => readMount(pod, mount)),
    userAnnotations: textMap(app, 'userAnnotations'),
    userLabels: textMap(app, 'userLabels'),
  }
}

function readImage(record: Fields | undefined): Pick<PodApp, 'imageName' | 'imageId'> {
  const manifest = asFields(record?.['manifest'])
  const name = textField(manifest, 'name')
  const version = namedValue(manifest, 'labels', 'version')
  const imageId = textField(record, 'imageId')
  return {
    ...(name === undefined ? {} : { imageName: version === undefined ? name : `${name}:${version}` }),
    ...(imageId === undefined ? {} : { imageId }),
  }
}

type Status = Pick<PodApp, 'state' | 'createdAt' | 'startedAt' | 'finishedAt' | 'exitCode' | 'signal' | 'reason'>

function readStatus(pod: LocatedPod, name: string, status: Fields | undefined): Status {
  if (status === undefined) {
    const exitCode = readStatusFile(pod, name)
    return exitCode === undefined ? { state: stateOfPod(pod) } : { state: 'exited', exitCode }
  }
  const word = textField(status, 'state')
  const signal = numberField(status, 'signal')
  const exitCode = word === 'failed' ? 254 : (numberField(status, 'exitCode') ?? (status['stopped'] === true ? 0 : signal))
  const ended = word === 'exited' || word === 'failed'
  const state = ended ? 'exited' : word === 'created' || word === 'running' ? word : 'unknown'
  return {
    // A supervisor that was killed could not write how its apps ended.
    state: pod.state !== 'running' && state === 'running' ? 'exited' : state,
    ...optional('createdAt', timeField(status, 'createdAt')),
    ...optional('startedAt', timeField(status, 'startedAt')),
    ...optional('finishedAt', timeField(status, 'finishedAt')),
    ...(ended ? optional('exitCode', exitCode) : {}),
    ...optional('signal', signal),
    ...optional('reason', textField(status, 'reason')),
  }
}

/** Of a flavor that keeps only rkt's own file, one number for each app. */
function readStatusFile(pod: LocatedPod, name: string): number | undefined {
  const text = readIfThere(`${pod.directory}/${podLayout.view.status(name)}`)?.toString('latin1').trim() ?? ''
  return /^[0-9]+$/.test(text) ? Number(text) : undefined
}

function stateOfPod({ place, state }: LocatedPod): AppState {
  if (place === 'prepare' || place === 'prepared') return 'unknown'
  return state === 'running' ? 'running' : 'exited'
}

function readMount(pod: LocatedPod, mount: Fields): AppMount {
  const source = textField(mount, 'source') ?? ''
  return {
    name: textField(mount, 'volume') ?? '',
    containerPath: textField(mount, 'target') ?? '',
    hostPath: source.startsWith('pod:') ? `${pod.directory}/${source.slice('pod:'.length)}` : source,
    readOnly: mount['readOnly'] === true,
  }
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}
