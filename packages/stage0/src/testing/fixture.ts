import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AppRequest, FlavorDeclaration, ImageRecord, NormalisedApp, Request, RunRequest } from '@rocket/contracts'
import { featureNames, storeLayout } from '@rocket/contracts'
import { HandoffFiles, type StageContext } from '@rocket/host'
import type { PodSources } from '../prepare/plan-pod.ts'
import { planPod, type PodPlan } from '../prepare/plan-pod.ts'
import { defaultCapabilities } from '../prepare/capabilities.ts'

export const uuid = '8f3c1c52-6d0e-4f3a-9b1d-0c6f2a7e5d41'
export const createdAt = '2026-11-23T12:00:00.000Z'

/** A file is its content, a directory `null`, a link `{ link }`; a program is content with its mode. */
export type Tree = Record<string, string | null | { link: string } | { content: string; mode: number }>

export const program = { content: '#!/bin/true\n', mode: 0o755 }

/** A small system: merged /usr, users, groups. */
export const baseTree: Tree = {
  'usr/bin/sh': program, 'usr/bin/web': program, 'usr/bin/data.txt': 'no program', bin: { link: 'usr/bin' },
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nweb:x:80:81:web:/srv/web:/bin/sh\n', 'etc/group': 'root:x:0:\nweb:x:81:\nlog:x:90:web\n',
  'srv/web': null, tmp: null,
}

export const flavors: FlavorDeclaration[] = [
  {
    version: 1, name: 'oci', interface: 7, supervision: 'apps', namespaces: ['pid', 'network', 'ipc', 'uts'],
    features: featureNames.filter((name) => !['user-namespace', 'socket-activation', 'attach', 'app-add'].includes(name)),
  },
  {
    version: 1, name: 'fly', interface: 7, supervision: 'apps', namespaces: [],
    features: [
      'network-host', 'ipc-parent', 'volume-host', 'volume-empty', 'dns', 'hosts', 'devices', 'tty', 'enter', 'stop', 'host-propagation',
    ],
  },
]

export function appRequest(changes: Partial<AppRequest> = {}): AppRequest {
  return { reference: 'example.com/shell:1.0', args: [], environment: [], mounts: [], isolators: {}, annotations: [], ...changes }
}

export function request(changes: Partial<Request> = {}): Request {
  return {
    version: 1, uuid, createdAt, flavor: 'oci', flavorPolicy: 'refuse', flavors, apps: [appRequest()], pullPolicy: 'new',
    insecure: { image: false, tls: false, http: false, pubkey: false }, volumes: [], mounts: [], ports: [], inheritEnvironment: [],
    setEnvironment: [],
    overlay: true, exitPolicy: 'apps', caller: { uid: 0, gid: 0 }, annotations: [], ...changes,
  }
}

export function runRequest(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    version: 1, uuid, requestedAt: '2026-11-23T12:00:01.000Z', networks: [], dns: {
      mode: 'default', nameservers: [], search: [], options: [],
    },
    hosts: { mode: 'default', entries: [] }, interactive: false, insecure: { capabilities: false, paths: false, seccomp: false },
    localConfig: '/etc/rkt',
    ...changes,
  }
}

export function appSection(changes: Partial<NormalisedApp> = {}): NormalisedApp {
  return {
    exec: ['/bin/sh'], user: '0', group: '0', supplementaryGids: [], workingDirectory: '/', environment: [], mountPoints: [], ports: [],
    isolators: [],
    eventHandlers: [], userAnnotations: {}, userLabels: {}, ...changes,
  }
}

export function record(
  serial: number,
  changes: {
    name?: string; app?: NormalisedApp | undefined; rootfs?: string[]; labels?: ImageRecord['manifest']['labels']; format?: 'aci' | 'oci'
  } = {},
): ImageRecord {
  const sha512 = String(serial).repeat(128).slice(0, 128)
  const labels = changes.labels ?? [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }]
  const app = 'app' in changes ? changes.app : appSection()
  return {
    version: 1, imageId: `sha512-${sha512.slice(0, 64)}`, format: changes.format ?? 'aci', sha512,
    manifest: {
      name: changes.name ?? 'example.com/shell', labels, annotations: [], ...(app === undefined ? {} : { app }), dependencies: [],
      pathWhitelist: [],
    },
    layers: [], rootfs: changes.rootfs ?? ['store:layers/base'], sizeBytes: 1000, unpackedBytes: 2000,
  }
}

/** A data directory in a temporary place, with a store; removed by `remove`. */
export class DataDirectory {
  readonly path: string = mkdtempSync(join(tmpdir(), 'rocket-stage0-'))
  readonly store: string = join(this.path, 'cas')

  constructor(trees: Record<string, Tree> = { base: baseTree }) {
    mkdirSync(join(this.store, 'images'), { recursive: true })
    mkdirSync(join(this.store, 'refs/pods'), { recursive: true })
    for (const [name, tree] of Object.entries(trees)) writeTree(join(this.store, 'layers', name), tree)
  }

  /** A pod directory with the hand-offs that come before stage0. */
  makePod(place: string, asked: Request, records: readonly ImageRecord[]): StageContext {
    for (const one of records) writeFileSync(
      join(this.store, storeLayout.imageRecord(one.imageId)), `${JSON.stringify(one, undefined, 2)}\n`,
    )
    const pod = join(this.path, 'pods', place, asked.uuid)
    mkdirSync(pod, { recursive: true })
    const files = new HandoffFiles(pod)
    files.write('Request', asked)
    files.write('Images', {
      version: 1, uuid: asked.uuid,
      images: asked.apps.map(({ reference }, index) => ({ reference, imageId: (records[index] as ImageRecord).imageId })),
    })
    return this.context(pod)
  }

  context(podDirectory: string, warnings: string[] = []): StageContext {
    return {
      uuid, podDirectory, storeDirectory: this.store, files: new HandoffFiles(podDirectory),
      warn: (message) => void warnings.push(message), debug: () => undefined,
    }
  }

  /** As prepare plans it, on a machine with the default capabilities. */
  plan(asked: Request, records: readonly ImageRecord[], changes: Partial<PodSources> = {}): PodPlan {
    return planPod({
      request: asked, records, storeDirectory: this.store, boundingSet: () => new Set([...defaultCapabilities, 'CAP_NET_ADMIN']),
      ...changes,
    })
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export function writeTree(directory: string, tree: Tree): void {
  mkdirSync(directory, { recursive: true })
  for (const [name, entry] of Object.entries(tree)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    if (entry === null) mkdirSync(path, { recursive: true })
    else if (typeof entry === 'string') writeFileSync(path, entry)
    else if ('link' in entry) symlinkSync(entry.link, path)
    else {
      writeFileSync(path, entry.content)
      chmodSync(path, entry.mode)
    }
  }
}
