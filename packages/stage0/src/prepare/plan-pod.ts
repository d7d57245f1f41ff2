import {
  RocketError, type App, type FlavorDeclaration, type ImageManifest, type ImageRecord, type Pod, type PodManifest, type Request,
  type Volume,
} from '@rocket/contracts'
import { checkFeatures, describeDegraded } from '../feature-check.ts'
import { planAppNames } from './app-names.ts'
import { Notes } from './notes.ts'
import { planApp, type AppPlan } from './plan-app.ts'
import { planPorts } from './ports.ts'
import { imageManifestView, podManifestView } from './views.ts'

export interface PodSources {
  request: Request
  /** The record of each app's image, in the order of the request. */
  records: readonly ImageRecord[]
  storeDirectory: string
  boundingSet: () => ReadonlySet<string>
}

export interface PodPlan {
  pod: Pod
  apps: App[]
  /** Empty volumes that an app mounts. */
  volumes: { name: string; mode: number; uid: number; gid: number }[]
  fills: AppPlan['fills']
  views: { pod: PodManifest; images: Record<string, ImageManifest> }
  warnings: string[]
}

/** The whole pod, decided: images are read, nothing is changed. Everything that can be refused is refused here. */
export function planPod(sources: PodSources): PodPlan {
  const { request, records } = sources
  checkVolumeNames(request.volumes)
  const flavor = findFlavor(request)
  const notes = new Notes()
  const apps = planApps(sources, flavor, notes)
  if (apps.length > 1) notes.need('apps-many', `${apps.length} images`)
  const otherFlavors = request.flavors.filter(({ name }) => name !== flavor.name).map(({ name, features }) => ({ name, features }))
  const pod: Pod = {
    version: 1, uuid: request.uuid, createdAt: request.createdAt, flavor, flavorPolicy: request.flavorPolicy, otherFlavors,
    needs: notes.needs,
    volumes: [...request.volumes, ...apps.flatMap((app) => app.implicitVolumes)],
    ports: planPorts(request.ports, apps.map(({ document }) => ({ app: document.app, ports: document.ports })), notes),
    exitPolicy: request.exitPolicy, overlay: request.overlay, annotations: request.annotations,
  }
  const degraded = checkFeatures(pod.needs, flavor, otherFlavors, request.flavorPolicy)
  return {
    pod,
    apps: apps.map((app) => app.document),
    volumes: usedEmptyVolumes(pod.volumes, apps),
    fills: apps.flatMap((app) => app.fills),
    views: {
      pod: podManifestView(request, apps.map((app) => app.view)),
      images: Object.fromEntries(apps.map((app, index) => [app.document.app, imageManifestView((records[index] as ImageRecord).manifest)])),
    },
    warnings: [...notes.warnings, ...describeDegraded(degraded, flavor.name)],
  }
}

function planApps(sources: PodSources, flavor: FlavorDeclaration, notes: Notes): AppPlan[] {
  const { request, records, storeDirectory, boundingSet } = sources
  const names = planAppNames(request.apps.map((app, index) => ({ name: app.name, imageName: records[index]?.manifest.name ?? '' })))
  const volumeNames = new Set(request.volumes.map((volume) => volume.name))
  const features = new Set(flavor.features)
  return request.apps.map((app, order) => planApp({
    name: names[order] as string, order, app, pod: request, record: records[order] as ImageRecord, storeDirectory, features, boundingSet,
    volumeNames,
  }, notes))
}

function findFlavor(request: Request): FlavorDeclaration {
  const flavor = request.flavors.find(({ name }) => name === request.flavor)
  if (flavor !== undefined) return flavor
  throw new RocketError('FLAVOR_UNKNOWN', {
    what: `no flavor is called ${JSON.stringify(request.flavor)}`,
    hint: `at hand are ${request.flavors.map(({ name }) => name).join(', ') || 'none'}`,
  })
}

function checkVolumeNames(volumes: readonly Volume[]): void {
  const names = volumes.map((volume) => volume.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new RocketError('VOLUME_DUPLICATE', {
    what: `duplicate volume name ${JSON.stringify(twice)}`, hint: 'give each --volume a name of its own',
  })
}

function usedEmptyVolumes(volumes: readonly Volume[], apps: readonly AppPlan[]): PodPlan['volumes'] {
  const used = new Set(apps.flatMap((app) => app.document.mounts.map((mount) => mount.volume)))
  return volumes.flatMap((volume) => {
    if (volume.kind !== 'empty' || !used.has(volume.name)) return []
    return [{ name: volume.name, mode: Number.parseInt(volume.mode ?? '0755', 8), uid: volume.uid ?? 0, gid: volume.gid ?? 0 }]
  })
}
