import { statSync, type Stats } from 'node:fs'
import { podLayout, RocketError, type AppRequest, type Mount, type NormalisedApp, type Request, type Volume } from '@rocket/contracts'
import type { LayeredRoot } from '../layered-root.ts'
import type { Notes } from './notes.ts'

export interface MountSources {
  app: string
  imageName: string
  /** An OCI image, or one made of a docker image: an implicit volume begins with what the image holds at its place. */
  filled: boolean
  mountPoints: NormalisedApp['mountPoints']
  request: Pick<AppRequest, 'mounts'>
  pod: Pick<Request, 'mounts' | 'volumes'>
  root: LayeredRoot
  /** Names of the pod's volumes, implicit ones among them: added to here. */
  volumeNames: Set<string>
}

export interface MountPlan {
  mounts: Mount[]
  /** Empty volumes that nobody declared, made for mount points of the image. */
  implicit: Volume[]
  /** Where in the image the first content of a volume is copied from. */
  fills: { volume: string; path: string }[]
}

interface Wanted {
  target: string
  volume: Volume
  readOnly: boolean
  statedBy: string
  filledFrom?: string
}

/**
 * What is mounted where in an app, a parent before what lies below it. The app's mounts, then the pod's, then the image's mount points
 * that have no mount yet: the pod's volume of that name, or an implicit empty one. Refuses, before anything is touched: VOLUME_NOT_FOUND,
 * VOLUME_SOURCE_MISSING, MOUNT_TARGET_INVALID, MOUNT_TARGETS_OVERLAP, MOUNT_TYPE_MISMATCH. The root is told of the mounts.
 */
export function planMounts(sources: MountSources, notes: Notes): MountPlan {
  const wanted = [...explicitMounts(sources), ...mountsOfImage(sources, notes)]
  const resolved = wanted.map((one) => ({ ...one, place: placeOf(sources, one) }))
  resolved.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0))
  for (const [index, one] of resolved.entries()) {
    const other = resolved[index - 1]
    if (other?.place !== one.place) continue
    throw new RocketError('MOUNT_TARGETS_OVERLAP', {
      what: `app ${sources.app} has two volumes at one place: ` +
        `${other.volume.name} at ${other.target} and ${one.volume.name} at ${one.target}`,
      ...(one.target === other.target ? {} : { why: `both are ${one.place} in the image` }),
    })
  }
  return {
    mounts: resolved.map((one) => planMount(sources, one, notes)),
    implicit: wanted.filter((one) => !sources.pod.volumes.includes(one.volume)).map((one) => one.volume),
    fills: wanted.flatMap((one) => (one.filledFrom === undefined ? [] : [{ volume: one.volume.name, path: one.filledFrom }])),
  }
}

function explicitMounts(sources: MountSources): Wanted[] {
  const ofApp = sources.request.mounts
  const ofPod = sources.pod.mounts.filter(({ target }) => !ofApp.some((other) => other.target === target))
  return [...ofApp, ...ofPod].map(({ volume: name, target }) => {
    const volume = sources.pod.volumes.find((one) => one.name === name)
    if (volume === undefined) {
      throw new RocketError('VOLUME_NOT_FOUND', {
        what: `app ${sources.app} cannot be given a volume at ${target}`, why: `could not find volume ${JSON.stringify(name)}`,
        hint: `declare it with --volume=${name},…`,
      })
    }
    const readOnly = volume.readOnly ?? sources.mountPoints.find((point) => point.name === name)?.readOnly ?? false
    return { target, volume, readOnly, statedBy: `--volume ${name}` }
  })
}

function mountsOfImage(sources: MountSources, notes: Notes): Wanted[] {
  const taken = [...sources.request.mounts, ...sources.pod.mounts].map(({ target }) => target)
  return sources.mountPoints.filter(({ path }) => !taken.includes(path)).map((point) => {
    const declared = sources.pod.volumes.find((one) => one.name === point.name)
    if (declared !== undefined) {
      return { target: point.path, volume: declared, readOnly: declared.readOnly ?? point.readOnly, statedBy: `--volume ${point.name}` }
    }
    notes.warn(
      `warning: no volume specified for mount point ${JSON.stringify(point.name)}, implicitly creating an "empty" volume. ` +
      'This volume will be removed when the pod is garbage-collected.',
    )
    return {
      target: point.path, readOnly: point.readOnly, statedBy: `image ${sources.imageName} mount point ${point.name}`,
      ...implicitVolume(sources, point),
    }
  })
}

function implicitVolume(sources: MountSources, point: { name: string; path: string }): Pick<Wanted, 'volume' | 'filledFrom'> {
  let name = `${sources.app}-${point.name}`.slice(0, 120).replace(/-+$/, '')
  while (sources.volumeNames.has(name)) name += '-0'
  sources.volumeNames.add(name)
  const held = sources.filled ? sources.root.find(point.path) : undefined
  if (held?.type !== 'directory') return { volume: { kind: 'empty', name, mode: '0755', uid: 0, gid: 0 } }
  const mode = (held.mode & 0o777).toString(8).padStart(4, '0')
  return { volume: { kind: 'empty', name, mode, uid: held.uid, gid: held.gid }, filledFrom: point.path }
}

/** The place in the image, links resolved. Kernel file systems and the root itself are the runtime's to mount, not an image's. */
function placeOf(sources: MountSources, { target, statedBy }: Wanted): string {
  const place = sources.root.resolve(target)
  const ofImage = statedBy.startsWith('image ')
  const reserved = place === '/' || place === '/proc' || place.startsWith('/proc/') || (ofImage && /^\/(dev|sys)(\/|$)/.test(place))
  if (!reserved) return place
  throw new RocketError('MOUNT_TARGET_INVALID', {
    what: `nothing can be mounted at ${target} of app ${sources.app}`,
    why: `${statedBy} would cover ${place}, which the runtime mounts itself`,
  })
}

function planMount(sources: MountSources, wanted: Wanted & { place: string }, notes: Notes): Mount {
  const { volume, target, readOnly, statedBy } = wanted
  const source = volume.kind === 'host' ? statSource(sources, volume) : undefined
  const device = source !== undefined && (source.isCharacterDevice() || source.isBlockDevice())
  const held = sources.root.find(wanted.place)
  if (held !== undefined && (held.type === 'directory') !== (source?.isDirectory() ?? true)) {
    const [not, butNot] = held.type === 'directory' ? ['not ', ''] : ['', 'not ']
    const from = JSON.stringify(volume.kind === 'host' ? volume.source : volume.name)
    throw new RocketError('MOUNT_TYPE_MISMATCH', {
      what: `volume ${volume.name} of app ${sources.app} does not fit`,
      why: `can't mount because ${from} is ${not}a directory while ${JSON.stringify(target)} is ${butNot}one`,
    })
  }
  notes.need(device ? 'devices' : volume.kind === 'host' ? 'volume-host' : 'volume-empty', statedBy)
  // A volume that begins with the image's own content shows the same files as the image does.
  if (wanted.filledFrom === undefined) sources.root.mount(wanted.place, volume.kind === 'host' ? volume.source : undefined)
  return {
    volume: volume.name, kind: volume.kind, source: volume.kind === 'host' ? volume.source : `pod:${podLayout.emptyVolume(volume.name)}`,
    target, readOnly,
    ...(volume.recursive === undefined ? {} : { recursive: volume.recursive }), device,
  }
}

function statSource(sources: MountSources, volume: Extract<Volume, { kind: 'host' }>): Stats {
  const stats = statSync(volume.source, { throwIfNoEntry: false })
  if (stats !== undefined) return stats
  throw new RocketError('VOLUME_SOURCE_MISSING', {
    what: `volume ${volume.name} cannot be mounted into app ${sources.app}`, why: `there is no ${volume.source} on this host`,
    hint: 'make it first: a source is never created',
  })
}
