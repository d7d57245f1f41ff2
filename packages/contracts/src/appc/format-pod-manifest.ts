import type { PodManifest } from './pod-manifest/schema.ts'

/**
 * A pod manifest in the form the reference library writes: apps, volumes, isolators, annotations and ports are always there (`null` when
 * empty), ports carry `count` and `socketActivated`, mount points `readOnly`.
 */
export function formatPodManifest(manifest: PodManifest): string {
  const orNull = <T>(list: readonly T[] | undefined): readonly T[] | null => (list === undefined || list.length === 0 ? null : list)
  return JSON.stringify({
    acVersion: manifest.acVersion ?? '0.8.11',
    acKind: manifest.acKind,
    apps: orNull(manifest.apps?.map((entry) => ({ ...entry, ...(entry.app === undefined ? {} : { app: withDefaults(entry.app) }) }))),
    volumes: orNull(manifest.volumes),
    isolators: orNull(manifest.isolators),
    annotations: orNull(manifest.annotations),
    ports: orNull(
      manifest.ports?.map((port) => ({ ...port, ...(port.podPort === undefined ? {} : { podPort: completePort(port.podPort) }) })),
    ),
    ...(isEmpty(manifest.userAnnotations) ? {} : { userAnnotations: manifest.userAnnotations }),
    ...(isEmpty(manifest.userLabels) ? {} : { userLabels: manifest.userLabels }),
  })
}

type App = NonNullable<NonNullable<PodManifest['apps']>[number]['app']>
type Port = NonNullable<App['ports']>[number]

function withDefaults(app: App): App {
  return {
    ...app,
    ...(app.mountPoints === undefined
      ? {}
      : { mountPoints: app.mountPoints.map((point) => ({ ...point, readOnly: point.readOnly ?? false })) }),
    ...(app.ports === undefined ? {} : { ports: app.ports.map(completePort) }),
  }
}

function completePort(port: Port): Port {
  return { ...port, count: port.count ?? 1, socketActivated: port.socketActivated ?? false }
}

function isEmpty(map: Record<string, string> | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0
}
