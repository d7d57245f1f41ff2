import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  checkDocument,
  podLayout,
  type App,
  type AppStatus,
  type ImageRecord,
  type Net,
  type Pod,
  type PodPlace,
  type Stage2State,
} from '@rocket/contracts'

export interface MadeApp {
  name: string
  image?: string
  version?: string
  status?: Partial<AppStatus>
}

export interface MadePod {
  uuid: string
  place: PodPlace
  apps?: MadeApp[]
  started?: boolean
  addresses?: string[]
}

const createdAt = '2026-01-02T03:04:05.678Z'
const startedAt = '2026-01-02T03:04:06.000Z'
export const imageId: string = `sha512-${'0123456789abcdef'.repeat(4)}`

/** A pod directory as the stages leave it, every document checked against its schema. Returns the directory. */
export function makePod(dataDirectory: string, { uuid, place, apps = [], started = false, addresses = [] }: MadePod): string {
  const directory = join(dataDirectory, 'pods', place, uuid)
  mkdirSync(join(directory, 'apps'), { recursive: true })
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  const put = (kind: Parameters<typeof checkDocument>[0], file: string, value: unknown): void =>
    write(file, JSON.stringify(checkDocument(kind, value, file)))
  put('Pod', 'pod.json', podDocument(uuid))
  write('pod', JSON.stringify({ acKind: 'PodManifest', acVersion: '0.8.11', apps: [] }))
  apps.forEach((app, order) => {
    put('ImageRecord', podLayout.appDocument(app.name, 'image'), imageRecord(app))
    put('App', podLayout.appDocument(app.name, 'app'), appDocument(uuid, app.name, order))
    if (app.status !== undefined) {
      put('AppStatus', podLayout.appDocument(app.name, 'status'), {
        version: 1,
        uuid,
        app: app.name,
        instance: 1,
        state: 'running',
        createdAt: startedAt,
        startedAt,
        ...app.status,
      })
    }
  })
  if (started) {
    put('Stage2State', 'stage2.json', {
      version: 1,
      uuid,
      process: { pid: process.pid, startTime: 1 },
      state: place === 'run' ? 'starting' : 'ended',
      startedAt,
    } satisfies Stage2State)
    write('pid', '4321\n')
  }
  if (addresses.length > 0) put('Net', 'net.json', netDocument(uuid, addresses))
  return directory
}

function podDocument(uuid: string): Pod {
  return {
    version: 1,
    uuid,
    createdAt,
    flavor: { version: 1, name: 'oci', interface: 7, supervision: 'apps', namespaces: [], features: [] },
    flavorPolicy: 'refuse',
    otherFlavors: [],
    needs: [],
    volumes: [],
    ports: [],
    exitPolicy: 'apps',
    overlay: true,
    annotations: [],
  }
}

function imageRecord({ image = 'example.com/web', version }: MadeApp): ImageRecord {
  const labels = version === undefined ? [] : [{ name: 'version', value: version }]
  return {
    version: 1,
    imageId,
    format: 'aci',
    sha512: 'ab'.repeat(64),
    layers: [],
    rootfs: [],
    sizeBytes: 1,
    unpackedBytes: 1,
    manifest: { name: image, labels, annotations: [], dependencies: [], pathWhitelist: [] },
  }
}

function appDocument(uuid: string, app: string, order: number): App {
  return {
    version: 1,
    uuid,
    app,
    instance: 1,
    order,
    imageId,
    imageName: 'example.com/web',
    exec: ['/bin/true'],
    workingDirectory: '/',
    environment: [],
    user: { uid: 0, gid: 0, supplementaryGids: [] },
    rootfs: { trees: [], readOnly: false },
    mounts: [{ volume: 'data', kind: 'empty', source: 'pod:sharedVolumes/data', target: '/data', readOnly: true, device: false }],
    ports: [],
    isolators: { capabilities: [], capabilitiesStated: [], seccomp: { mode: 'default' }, noNewPrivileges: true },
    handlers: {},
    stopSignal: 15,
    stopTimeoutMs: 1000,
    annotations: [],
    userAnnotations: {},
    userLabels: { tier: 'front' },
  }
}

function netDocument(uuid: string, addresses: string[]): Net {
  const attachment = { network: 'default', ifName: 'eth0', addresses, plugins: ['ptp'], config: {}, result: {} }
  return { version: 1, uuid, mode: 'contained', cniPath: [], attachments: [attachment], ports: [] }
}
