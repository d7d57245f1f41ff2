import { RocketError, type App, type AppRequest, type Feature, type ImageRecord, type Request, type Volume } from '@rocket/contracts'
import { LayeredRoot } from '../layered-root.ts'
import { completeEnvironment, mergeEnvironment } from './environment.ts'
import { resolveIdentity, type Identity } from './identity.ts'
import { planIsolators } from './isolators.ts'
import { planMounts, type MountPlan } from './mounts.ts'
import type { Notes } from './notes.ts'
import { checkPlatform } from './platform.ts'
import { resolveProgram, type ProgramRequest } from './program.ts'
import { findSignalNumber } from './signals.ts'
import type { AppView } from './views.ts'

export interface AppSources {
  name: string
  order: number
  app: AppRequest
  pod: Request
  record: ImageRecord
  storeDirectory: string
  features: ReadonlySet<Feature>
  boundingSet: () => ReadonlySet<string>
  volumeNames: Set<string>
}

export interface AppPlan {
  document: App
  view: AppView
  implicitVolumes: Volume[]
  /** First content of implicit volumes, from the image's own trees. */
  fills: { volume: string; trees: string[]; path: string }[]
}

/** From the stop signal to KILL, as docker and podman have it. */
const stopTimeoutMs = 10_000

/** Everything about one app, resolved against its image; the image's trees are read, nothing is changed. */
export function planApp(sources: AppSources, notes: Notes): AppPlan {
  checkPlatform(sources.record)
  const trees = sources.record.rootfs.map((tree) => `${sources.storeDirectory}/${tree.slice('store:'.length)}`)
  const root = new LayeredRoot(trees)
  try {
    return planInRoot(sources, root, trees, notes)
  } finally {
    root.close()
  }
}

function planInRoot(sources: AppSources, root: LayeredRoot, trees: string[], notes: Notes): AppPlan {
  const { name, record, app: request, pod } = sources
  const view = viewOf(sources)
  const identity = identityOf(sources, view, root)
  const mounts = mountsOf(sources, root, notes)
  checkWorkingDirectory(sources, root, view.workingDirectory)
  const ofImage = record.manifest.app
  const program: Omit<ProgramRequest, 'exec'> = {
    app: name, imageName: record.manifest.name, workingDirectory: view.workingDirectory,
    path: view.environment.find((entry) => entry.name === 'PATH')?.value,
  }
  if (request.readOnlyRoot === true) notes.need('read-only-root', '--readonly-rootfs')
  if (ofImage?.ports.some((port) => port.socketActivated)) notes.need('socket-activation', `image ${record.manifest.name} ports`)
  const document: App = {
    version: 1, uuid: pod.uuid, app: name, instance: 1, order: sources.order, imageId: record.imageId, imageName: record.manifest.name,
    exec: resolveProgram(root, { ...program, exec: view.exec }),
    workingDirectory: view.workingDirectory,
    environment: completeEnvironment(view.environment, name, identity),
    user: { uid: identity.uid, gid: identity.gid, supplementaryGids: identity.supplementaryGids },
    rootfs: { trees: record.rootfs, readOnly: request.readOnlyRoot ?? false },
    mounts: mounts.mounts,
    ports: ofImage?.ports ?? [],
    isolators: planIsolators({
      imageName: record.manifest.name, image: ofImage?.isolators ?? [], request: request.isolators, features: sources.features,
      boundingSet: sources.boundingSet,
    }, notes),
    handlers: handlersOf(sources, root, program, notes),
    stopSignal: stopSignalOf(sources),
    stopTimeoutMs,
    annotations: request.annotations,
    userAnnotations: request.userAnnotations ?? ofImage?.userAnnotations ?? {},
    userLabels: request.userLabels ?? ofImage?.userLabels ?? {},
  }
  return { document, view, implicitVolumes: mounts.implicit, fills: mounts.fills.map((fill) => ({ ...fill, trees })) }
}

/** The app section after the overrides of the command line, names not yet resolved. */
function viewOf({ name, app: request, pod, record }: AppSources): AppView {
  const ofImage = record.manifest.app
  if (ofImage === undefined && request.exec === undefined) {
    throw new RocketError('IMAGE_NOT_RUNNABLE', {
      what: `image ${record.manifest.name} is no app`,
      why: `error: image ${record.imageId} has no app section and --exec argument is not provided`,
      hint: 'it is a library for other images; name a program with --exec=BINARY',
    })
  }
  const exec = request.exec === undefined ? [...(ofImage?.exec ?? []), ...request.args] : [request.exec, ...request.args]
  return {
    name, record, request, exec, user: request.user ?? ofImage?.user ?? String(pod.caller.uid),
    group: request.group ?? ofImage?.group ?? String(pod.caller.gid),
    workingDirectory: request.workingDirectory ?? ofImage?.workingDirectory ?? '/',
    environment: mergeEnvironment(
      { image: ofImage?.environment ?? [], ofApp: request.environment, set: pod.setEnvironment, inherited: pod.inheritEnvironment }, name,
    ),
  }
}

function identityOf({ app, record }: AppSources, view: AppView, root: LayeredRoot): Identity {
  return resolveIdentity(root, {
    app: view.name, user: view.user, group: view.group,
    supplementaryGids: app.supplementaryGids ?? record.manifest.app?.supplementaryGids ?? [],
    membership: record.format === 'oci', converted: isConverted(record),
  })
}

function mountsOf(sources: AppSources, root: LayeredRoot, notes: Notes): MountPlan {
  const { record } = sources
  return planMounts({
    app: sources.name, imageName: record.manifest.name, filled: record.format === 'oci' || isConverted(record),
    mountPoints: record.manifest.app?.mountPoints ?? [], request: sources.app, pod: sources.pod, root, volumeNames: sources.volumeNames,
  }, notes)
}

function isConverted(record: ImageRecord): boolean {
  return record.manifest.annotations.some(({ name }) => name === 'appc.io/docker/repository')
}

/** Made by the runtime in every root; nothing below /proc is, so that no descriptor of ours can be a working directory. */
const alwaysThere: ReadonlySet<string> = new Set(['/', '/dev', '/proc', '/sys'])

function checkWorkingDirectory({ name, record }: AppSources, root: LayeredRoot, workingDirectory: string): void {
  if (alwaysThere.has(workingDirectory)) return
  const found = root.find(workingDirectory)
  if (found?.type === 'directory' && !found.path.startsWith('/proc/')) return
  throw new RocketError('APP_DIRECTORY_MISSING', {
    what: `app ${name} cannot start in ${workingDirectory}`,
    why: `image ${record.manifest.name} ${found === undefined ? 'has no such directory' : 'has no directory there'}`,
    hint: 'name another one with --working-dir=PATH',
  })
}

function handlersOf(sources: AppSources, root: LayeredRoot, program: Omit<ProgramRequest, 'exec'>, notes: Notes): App['handlers'] {
  const handlers = sources.record.manifest.app?.eventHandlers ?? []
  if (handlers.length > 0) notes.need('event-handlers', `image ${program.imageName} event handlers`)
  const planned: App['handlers'] = {}
  for (const { name, exec } of handlers) {
    const key = name === 'pre-start' ? 'preStart' : 'postStop'
    if (planned[key] !== undefined) {
      throw new RocketError('IMAGE_MANIFEST_INVALID', {
        what: `image ${program.imageName} cannot be run`, why: `Only one eventHandler of name ${JSON.stringify(name)} allowed`,
      })
    }
    planned[key] = resolveProgram(root, { ...program, exec })
  }
  return planned
}

function stopSignalOf({ record }: AppSources): number {
  const name = record.manifest.app?.stopSignal
  if (name === undefined) return 15
  const number = findSignalNumber(name)
  if (number !== undefined) return number
  throw new RocketError('STOP_SIGNAL_UNKNOWN', {
    what: `image ${record.manifest.name} cannot be stopped as it wants`, why: `${JSON.stringify(name)} is no signal`,
  })
}
