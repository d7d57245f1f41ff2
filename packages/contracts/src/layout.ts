/** Every name on disk that more than one part of Rocket knows. */

/** The six places of a pod, in the order of its life. Its state is which one it lies in and whether its lock is held. */
export const podPlaces = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'] as const
export type PodPlace = (typeof podPlaces)[number]

/** In the pod directory. Paths are relative to it; `app` is an app's name. */
export const podLayout = {
  road: 'road.jsonl',
  apps: 'apps',
  app: (app: string): string => `apps/${app}`,
  appDocument: (app: string, name: 'image' | 'app' | 'run' | 'status'): string => `apps/${app}/${name}.json`,
  log: (app: string): string => `logs/${app}.log`,
  /** Where the app's root is mounted, as log shippers and backup scripts know it from rkt. */
  rootfs: (app: string): string => `stage1/rootfs/opt/stage2/${app}/rootfs`,
  upper: (app: string): string => `overlay/${app}/upper`,
  work: (app: string): string => `overlay/${app}/work`,
  emptyVolume: (volume: string): string => `sharedVolumes/${volume}`,
  /** Files that stage1 makes for the apps: resolv.conf, hosts, hostname. */
  etc: 'stage1/rootfs/etc',
  controlSocket: 'control.sock',
  /** Views for rkt's readers; nobody's input. */
  view: {
    podManifest: 'pod',
    created: 'pod-created',
    pid: 'pid',
    netInfo: 'net-info.json',
    imageManifest: (app: string): string => `appsinfo/${app}/manifest`,
    status: (app: string): string => `stage1/rootfs/rkt/status/${app}`,
    environment: (app: string): string => `stage1/rootfs/rkt/env/${app}`,
    supervisorStatus: 'stage1/rootfs/rkt/supervisor-status',
  },
} as const

/** In the store directory, `cas/` of the data directory. */
export const storeLayout = {
  imageRecord: (imageId: string): string => `images/${imageId}.json`,
  names: 'refs/names',
  podRef: (uuid: string): string => `refs/pods/${uuid}.json`,
  evidence: (imageId: string): string => `evidence/${imageId}`,
  layers: 'layers',
  blobs: 'blobs',
  ingest: 'ingest',
} as const

/** Effects outside the pod directory carry names that follow from the UUID, so that gc can undo them from the UUID alone. */
export const outsideNames = {
  runDirectory: (uuid: string): string => `/run/rkt/${uuid}`,
  /** One level only: runtimes remove just the leaf. */
  cgroup: (uuid: string, app: string): string => `rkt-${uuid}-${app}`,
  cgroupPrefix: (uuid: string): string => `rkt-${uuid}`,
  container: (uuid: string, app: string): string => `rkt-${uuid}-${app}`,
} as const

/** The descriptor under which a stage program finds the pod's lock; RKT_LOCK_FD says the same. */
export const lockFd: number = 9
