import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { isRocketError, type ErrorCode, type Pod, type PublishedPort, type RocketError, type Sandbox, type Start } from '@rocket/contracts'
import {
  bootId, findProgram, HandoffFiles, isAlive, linux, mountFileSystem, native, openNamespace, runProgram, startHolder, type StageContext,
} from '@rocket/host'
import { stage } from './stage.ts'

/** Why tests that need a machine cannot run here; undefined when they can. */
export const cannotRun: string | undefined = process.getuid?.() !== 0 ? 'needs root'
  : ['nft', 'ip'].find((program) => findProgram(program) === undefined) !== undefined ? 'needs nft and ip'
    : existsSync('/usr/lib/cni/ptp') ? undefined : 'needs the CNI plugins (containernetworking-plugins)'

/**
 * Moves this process into a network and a mount namespace of its own, with an empty /var/lib/cni, and returns a temporary directory: a
 * host for itself, of which nothing is left when the process ends. Node's thread pool stays outside: synchronous calls only.
 */
export function becomeHost(): string {
  native().unshare(linux.CLONE_NEWNET | linux.CLONE_NEWNS)
  native().mount(null, '/', null, linux.MS_REC | linux.MS_PRIVATE, null)
  for (const directory of ['/var/lib', '/run']) mountFileSystem('tmpfs', directory)
  native().setLoopbackUp()
  return mkdtempSync('/run/rocket-network-')
}

export interface TestPod {
  uuid: string
  directory: string
  holder: number
  context: StageContext
  warnings: string[]
  kill(): void
  /** A program in the pod's network namespace. */
  inside(file: string, ...args: string[]): string
}

export interface TestPodOptions {
  networks?: { name: string; args?: string }[]
  mode?: 'none' | 'host'
  ports?: PublishedPort[]
  localConfig?: string
  uuid?: string
}

/** A pod as the driver leaves it before `up`: its first process lives, the documents are there. */
export function makePod(base: string, options: TestPodOptions = {}): TestPod {
  const uuid = options.uuid ?? randomUUID()
  const directory = join(base, uuid)
  mkdirSync(directory)
  const holder = startHolder({ namespaces: ['pid', 'net', 'ipc', 'uts'] })
  const warnings: string[] = []
  const context = makeContext(uuid, directory, warnings)
  writeFileSync(join(directory, 'pod.json'), JSON.stringify(podDocument(uuid, options.ports ?? [])))
  const networks = options.networks ?? [{ name: 'default' }]
  const network: Start['network'] = options.mode !== undefined ? { mode: options.mode } : { mode: 'contained', networks }
  writeFileSync(join(directory, 'start.json'), JSON.stringify(startDocument(uuid, network, options.localConfig ?? join(base, 'no-config'))))
  writeFileSync(join(directory, 'sandbox.json'), JSON.stringify(sandboxDocument(uuid, holder)))
  return {
    uuid, directory, holder: holder.pid, context, warnings,
    kill: () => {
      if (!isAlive(holder.pid, holder.startTime)) return
      native().kill(holder.pid, 9)
      native().waitPid(holder.pid, true)
    },
    inside: (file, ...args) => {
      // Kept open, it would keep the namespace.
      const fd = openNamespace(holder.pid, 'net')
      const result = runProgram(file, args, { joins: [fd], timeoutMs: 10_000 })
      closeSync(fd)
      return result.stdout.toString('utf8') + result.stderr.toString('utf8')
    },
  }
}

/** As a new process would see the pod: nothing read yet. */
export function makeContext(uuid: string, directory: string, warnings: string[] = []): StageContext {
  return {
    uuid, podDirectory: directory, storeDirectory: '/nowhere', files: new HandoffFiles(directory),
    warn: (message) => void warnings.push(message), debug: () => undefined,
  }
}

/** Everything of the host that a pod's network may leave something in. Interfaces go a moment after their namespace. */
export function traces(uuid?: string): string[] {
  const ruleset = findProgram('nft') === undefined ? '' : run('nft', 'list', 'ruleset')
  const isOfPod = (line: string): boolean => (uuid === undefined ? /RKT-PFWD|comment/.test(line) : line.includes(uuid))
  return [...ruleset.split('\n').filter(isOfPod).map((line) => line.trim()), ...leases(uuid)]
}

/** `NETWORK/ADDRESS` for every address that host-local holds. */
export function leases(uuid = ''): string[] {
  const root = '/var/lib/cni/networks'
  const files = list(root).flatMap((network) => list(`${root}/${network}`).map((name) => `${network}/${name}`))
  return files.filter((file) => /\/\d/.test(file)).filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes(uuid))
}

/** `up`, as the driver runs it. */
export async function up(pod: TestPod): Promise<void> {
  const verb = stage.verbs.up
  await verb?.apply(verb.plan(pod.context), pod.context)
}

export function down(uuid: string, directory: string): void {
  const context = makeContext(uuid, directory)
  const verb = stage.verbs.down
  void verb?.apply(verb.plan(context), context)
}

/** Ends a pod in whatever state it is; nothing of it is left. */
export function finish(pod: TestPod): void {
  pod.kill()
  down(pod.uuid, pod.directory)
  assert.deepEqual(traces(pod.uuid), [])
}

/** The error that `up` ends with. */
export async function failure(pod: TestPod, code: ErrorCode): Promise<RocketError> {
  try {
    await up(pod)
  } catch (error) {
    assert.ok(isRocketError(error, code), String(error))
    return error
  }
  return assert.fail('it did not fail')
}

export function interfaces(): string[] {
  return list('/proc/sys/net/ipv4/conf').filter((name) => !['all', 'default', 'lo'].includes(name))
}

/** The kernel ends a namespace, and with it the host's side of the wire, a moment after its last process. */
export function waitForNoInterfaces(): string[] {
  for (let tries = 0; tries < 400 && interfaces().length > 0; tries++) native().poll([], [], 10)
  return interfaces()
}

export function run(file: string, ...args: string[]): string {
  return runProgram(file, args).stdout.toString('utf8')
}

export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}

function podDocument(uuid: string, ports: PublishedPort[]): Pod {
  return {
    version: 1, uuid, createdAt: '2026-01-01T00:00:00.000Z',
    flavor: { version: 1, name: 'oci', interface: 7, supervision: 'apps', namespaces: ['pid', 'network', 'ipc', 'uts'], features: [] },
    flavorPolicy: 'refuse', otherFlavors: [], needs: [], volumes: [], ports, exitPolicy: 'apps', overlay: true, annotations: [],
  }
}

function startDocument(uuid: string, network: Start['network'], localConfig: string): Start {
  return {
    version: 1, uuid, startedAt: '2026-01-01T00:00:00.000Z', network, hostname: 'pod',
    dns: { mode: 'default', nameservers: [], search: [], options: [] }, hosts: { mode: 'default', entries: [] },
    ipc: 'private', streams: {},
    insecure: { capabilities: false, paths: false, seccomp: false }, degraded: [], localConfig,
  }
}

function sandboxDocument(uuid: string, holder: { pid: number; startTime: number }): Sandbox {
  const identity = { pid: holder.pid, startTime: holder.startTime }
  return {
    version: 1, uuid, madeAt: '2026-01-01T00:00:00.000Z', bootId: bootId(), driver: identity, holder: identity,
    namespaces: { mount: '/proc/self/ns/mnt', network: `/proc/${holder.pid}/ns/net` },
  }
}
