import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument, type DocumentKind, type DocumentTypes } from '@rocket/contracts'
import type { BundleInput } from '../bundle/plan-bundle.ts'
import type { Machine } from '../machine.ts'
import type { KnownRuntime } from '../runtime/known-runtimes.ts'

export const contracts: string = join(import.meta.dirname, '../../../contracts/src')

/** One of the contract's good examples. */
export function example<K extends DocumentKind>(kind: K, path: string): DocumentTypes[K] {
  const file = join(contracts, path)
  return parseDocument(kind, readFileSync(file, 'utf8'), file)
}

export const crun: KnownRuntime = {
  name: 'crun', path: '/usr/bin/crun', version: '1.8.1', libseccomp: 'libseccomp.so.2.5.4', file: '1-2-3',
}

export function machineWith(changes: Partial<Machine> = {}): Machine {
  return {
    architecture: 'x64', cgroups: 'v2', unified: '/sys/fs/cgroup', memoryLimit: true, swapLimit: true, cpuLimit: true,
    leastOomScoreAdj: -1000,
    capabilities: example('App', 'app/examples/one-app.json').isolators.capabilities, ...changes,
  }
}

/** What `create-app` plans a bundle from, with the documents of one of the example pods. */
export function inputOf(pod: 'one-app' | 'several-apps', app: string, changes: Partial<BundleInput> = {}): BundleInput {
  const document = example('App', app)
  return {
    uuid: document.uuid, podDirectory: `/var/lib/rkt/pods/run/${document.uuid}`, pod: example(
      'Pod', `pod/examples/${pod}.json`
    ), app: document,
    start: example('Start', `start/examples/${pod}.json`), sandbox: example(
      'Sandbox', 'sandbox/examples/one-app.json'
    ), machine: machineWith(), runtime: 'crun',
    sources: document.mounts.map((mount) => ({ path: `/sources/${mount.volume}` })), etc: [], ...changes,
  }
}
