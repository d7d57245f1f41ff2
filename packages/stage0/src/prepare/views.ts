import type {
  AppcApp, AppRequest, ImageManifest, ImageRecord, NormalisedApp, NormalisedManifest, PodManifest, Request, RuntimeApp,
} from '@rocket/contracts'
import type { EnvironmentEntry } from './environment.ts'

/** The versions of the specification and of rkt whose forms the views keep. */
const imageAcVersion = '0.8.11'
const podAcVersion = '1.30.0'

export interface AppView {
  name: string
  record: ImageRecord
  request: AppRequest
  /** Before the program is looked up. */
  exec: readonly string[]
  environment: readonly EnvironmentEntry[]
  workingDirectory: string
  user: string
  group: string
}

/** The image manifest in appc's form, from the normalised one: what is empty is left out. */
export function imageManifestView(manifest: NormalisedManifest): ImageManifest {
  return {
    acKind: 'ImageManifest', acVersion: imageAcVersion, name: manifest.name,
    ...someOf('labels', manifest.labels),
    ...(manifest.app === undefined ? {} : { app: appSection(manifest.app) }),
    ...someOf('dependencies', manifest.dependencies.map(({ imageName, imageId, labels, sizeBytes }) => ({
      imageName, ...(imageId === undefined ? {} : { imageID: imageId }), ...someOf('labels', labels),
      ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
    }))),
    ...someOf('pathWhitelist', manifest.pathWhitelist),
    ...someOf('annotations', manifest.annotations),
  }
}

/** The pod manifest in appc's form, as rkt generated it. */
export function podManifestView(request: Request, apps: readonly AppView[]): PodManifest {
  const annotations = [
    ...request.annotations.filter(({ name }) => name !== 'coreos.com/rkt/stage1/mutable'),
    { name: 'coreos.com/rkt/stage1/mutable', value: String(request.exitPolicy === 'sandbox') },
  ]
  return {
    acVersion: podAcVersion, acKind: 'PodManifest',
    apps: apps.map((app) => appEntry(app, request)),
    volumes: request.volumes,
    annotations,
    ports: request.ports.map(({ name, hostIp, hostPort }) => ({ name, hostPort, ...(hostIp === undefined ? {} : { hostIP: hostIp }) })),
  }
}

function appEntry(view: AppView, pod: Request): RuntimeApp {
  const { record, request } = view
  const mounts = [...request.mounts, ...pod.mounts.filter(({ target }) => !request.mounts.some((other) => other.target === target))]
  const labels = record.manifest.labels
  return {
    name: view.name,
    image: { name: record.manifest.name, id: record.imageId, ...someOf('labels', labels) },
    app: appSection({ ...(record.manifest.app ?? emptyApp), ...overrides(view) }),
    ...(request.readOnlyRoot === true ? { readOnlyRootFS: true } : {}),
    ...someOf('mounts', mounts.map(({ volume, target }) => ({ volume, path: target }))),
    ...someOf('annotations', request.annotations),
  }
}

function overrides({ exec, environment, workingDirectory, user, group, request, record }: AppView): Partial<NormalisedApp> {
  const isolators = overrideIsolators(record.manifest.app?.isolators ?? [], request.isolators)
  return {
    exec: [...exec], environment: [...environment], workingDirectory, user, group: group === '' ? '0' : group, isolators,
    ...(request.supplementaryGids === undefined ? {} : { supplementaryGids: request.supplementaryGids }),
    ...(request.userAnnotations === undefined ? {} : { userAnnotations: request.userAnnotations }),
    ...(request.userLabels === undefined ? {} : { userLabels: request.userLabels }),
  }
}

type Isolator = NormalisedApp['isolators'][number]

/** Memory and CPU are appended, the others replace what the image has of their kind. */
function overrideIsolators(ofImage: readonly Isolator[], request: AppRequest['isolators']): Isolator[] {
  const limit = (name: string, quantity: string | undefined): Isolator[] =>
    quantity === undefined ? [] : [{ name, value: { default: false, request: quantity, limit: quantity } }]
  const replaced: [prefix: string, by: Isolator[]][] = []
  const replace = (prefix: string, isolator: Isolator | undefined): void => {
    if (isolator !== undefined) replaced.push([prefix, [isolator]])
  }
  const set = (name: string, names: readonly string[] | undefined): Isolator | undefined => names && { name, value: { set: names } }
  replace(
    'os/linux/capabilities-',
    set('os/linux/capabilities-retain-set', request.capsRetain) ?? set('os/linux/capabilities-remove-set', request.capsRemove),
  )
  replace('os/linux/seccomp-', request.seccomp === undefined ? undefined : seccompIsolator(request.seccomp))
  replace('os/linux/cpu-shares', request.cpuShares === undefined ? undefined : { name: 'os/linux/cpu-shares', value: request.cpuShares })
  replace('os/linux/oom-score-adj', request.oomScoreAdj === undefined ? undefined : {
    name: 'os/linux/oom-score-adj', value: request.oomScoreAdj,
  })
  const kept = ofImage.filter(({ name }) => !replaced.some(([prefix]) => name.startsWith(prefix)))
  return [...kept, ...replaced.flatMap(([, by]) => by), ...limit('resource/memory', request.memory), ...limit('resource/cpu', request.cpu)]
}

function seccompIsolator(option: string): Isolator {
  const parts = option.split(',')
  const valueOf = (key: string): string => parts.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
  return {
    name: `os/linux/seccomp-${valueOf('mode')}-set`, value: { set: parts.filter((part) => !part.includes('=')), errno: valueOf('errno') },
  }
}

function appSection(app: NormalisedApp): AppcApp {
  return {
    exec: app.exec,
    ...someOf('eventHandlers', app.eventHandlers),
    user: app.user === '' ? '0' : app.user,
    group: app.group === '' ? '0' : app.group,
    ...someOf('supplementaryGIDs', app.supplementaryGids),
    ...(app.workingDirectory === '/' ? {} : { workingDirectory: app.workingDirectory }),
    ...someOf('environment', app.environment.filter(({ name }) => representable.test(name))),
    ...someOf('mountPoints', app.mountPoints),
    ...someOf('ports', app.ports),
    ...someOf('isolators', app.isolators),
    ...someOf('userAnnotations', app.userAnnotations),
    ...someOf('userLabels', app.userLabels),
  }
}

/** OCI images may have variables that appc cannot name; they are passed to the app all the same. */
const representable = /^[A-Za-z_][A-Za-z_0-9.-]*$/

const emptyApp: NormalisedApp = {
  exec: [], user: '0', group: '0', supplementaryGids: [], workingDirectory: '/', environment: [], mountPoints: [], ports: [], isolators: [],
  eventHandlers: [], userAnnotations: {}, userLabels: {},
}

function someOf<K extends string, V extends object>(key: K, value: V): { [key in K]?: V } {
  return Object.keys(value).length === 0 ? {} : ({ [key]: value } as { [key in K]: V })
}
