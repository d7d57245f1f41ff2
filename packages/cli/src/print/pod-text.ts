import type { PodNetwork, PodView } from '../pods/read-pod.ts'

/** `default:ip4=172.16.28.2, other:ip4=…`; a network without an address is its name. */
export function formatNetworks(networks: readonly PodNetwork[]): string {
  return networks.map(({ name, ip }) => (ip === '' ? name : `${name}:${ip.includes(':') ? 'ip6' : 'ip4'}=${ip}`)).join(', ')
}

/** A pod as rkt's JSON: `name` is the UUID; times of the pod are seconds, times of apps nanoseconds. */
export function podToJson(pod: PodView): object {
  return {
    name: pod.uuid,
    state: pod.state,
    ...(pod.networks.length === 0 ? {} : { networks: pod.networks.map(networkToJson) }),
    app_names: pod.apps.map((app) => app.name),
    apps: pod.apps.map((app) => ({
      name: app.name,
      state: app.state,
      ...nanoseconds('created_at', app.createdAt ?? pod.createdAt),
      ...nanoseconds('started_at', app.startedAt ?? pod.startedAt),
      ...nanoseconds('finished_at', app.finishedAt ?? pod.markedAt),
      ...(app.exitCode === undefined ? {} : { exit_code: app.exitCode }),
      ...(app.signal === undefined ? {} : { signal: app.signal }),
      ...(app.reason === undefined ? {} : { reason: app.reason }),
      ...(app.imageId === undefined ? {} : { image_id: app.imageId }),
      ...(app.mounts.length === 0 ? {} : { mounts: app.mounts.map(mountToJson) }),
      ...unlessEmpty('user_annotations', app.userAnnotations),
      ...unlessEmpty('user_labels', app.userLabels),
    })),
    ...(pod.createdAt === undefined ? {} : { created_at: Math.floor(pod.createdAt / 1000) }),
    ...(pod.startedAt === undefined ? {} : { started_at: Math.floor(pod.startedAt / 1000) }),
  }
}

function networkToJson({ name, plugin, ifName, ip, args, mask }: PodNetwork): object {
  return { netName: name, netConf: '', pluginPath: plugin, ifName, ip, args, mask }
}

function mountToJson(mount: PodView['apps'][number]['mounts'][number]): object {
  return { name: mount.name, container_path: mount.containerPath, host_path: mount.hostPath, read_only: mount.readOnly }
}

/** JavaScript prints such numbers with zeros where it has no more digits; milliseconds are exact. */
function nanoseconds(name: string, ms: number | undefined): object {
  return ms === undefined ? {} : { [name]: Math.floor(ms) * 1_000_000 }
}

function unlessEmpty(name: string, map: Record<string, string>): object {
  return Object.keys(map).length === 0 ? {} : { [name]: map }
}
