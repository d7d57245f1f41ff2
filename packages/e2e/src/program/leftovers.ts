import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { meet, names, until, type Home } from './home.ts'
import { mark } from './rkt.ts'

/**
 * Asserts that nothing of the pods of this home is left outside its data directory: no mount, process, cgroup, network namespace, run
 * directory, firewall element, address. What dies gets a moment for it. Other users of the machine do not disturb.
 */
export async function assertHostClean(home: Home): Promise<void> {
  meet(home)
  let found: string[] = []
  const look = (): boolean => (found = findLeftovers(home)).length === 0
  await until('nothing left', look, 4000).catch(() => {})
  assert.deepEqual(found, [], 'left behind on the host')
}

/** Collects everything, as an impatient operator would, and asserts that nothing is left, in the data directory or outside it. */
export async function assertNothingLeft(home: Home): Promise<void> {
  meet(home)
  const { exitCode, stderr } = await home.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'])
  assert.equal(exitCode, 0, stderr)
  assert.deepEqual(meet(home), [], `pods that gc left; it said:\n${stderr}`)
  assert.deepEqual(names(join(home.data, 'tmp')), [], 'scratch directories')
  assert.deepEqual(names(join(home.data, 'cas/ingest')).filter((name) => !name.endsWith('.partial')), [], 'half images')
  await assertHostClean(home)
}

function findLeftovers(home: Home): string[] {
  const words = [home.directory, ...home.met]
  const isOurs = (text: string): boolean => words.some((word) => text.includes(word))
  return [
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(isOurs).map((line) => `mount ${line}`),
    ...processes(isOurs),
    ...cgroups('/sys/fs/cgroup', 3).filter(isOurs).map((path) => `cgroup ${path}`),
    ...[...home.met].map((uuid) => `/run/rkt/${uuid}`).filter((path) => existsSync(path)),
    ...names('/run/netns').filter(isOurs).map((name) => `network namespace ${name}`),
    ...leases().filter(isOurs).map((lease) => `address ${lease}`),
    ...firewall().filter(isOurs).map((line) => `firewall ${line.trim()}`),
  ]
}

/** Whatever names a pod or the home in its arguments, cgroup, root or working directory, or carries the mark of this test's commands. */
function processes(isOurs: (text: string) => boolean): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    const text = (file: string): string => attempt(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'))
    const link = (file: string): string => attempt(() => readlinkSync(`/proc/${pid}/${file}`))
    // The dead that nobody has reaped yet hold nothing any more.
    if (/^\d+ \(.*\) [ZX] /s.test(text('stat'))) return []
    const says = [text('cmdline'), text('cgroup'), link('cwd'), link('root')].some(isOurs)
    const marked = text('environ').split('\0').includes(`${mark}=${process.pid}`)
    return says || marked ? [`process ${pid}: ${text('cmdline').replaceAll('\0', ' ')}`] : []
  })
}

function cgroups(directory: string, depth: number): string[] {
  if (depth === 0) return []
  return attemptList(directory).flatMap((path) => [path, ...cgroups(path, depth - 1)])
}

function attemptList(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name))
  } catch {
    // It went away while we looked.
    return []
  }
}

/** host-local keeps a file per address, its first line the pod. */
function leases(): string[] {
  const base = '/var/lib/cni/networks'
  return names(base).flatMap((network) => names(join(base, network)).map((address) =>
    `${network} ${address} ${attempt(() => readFileSync(join(base, network, address), 'utf8'))}`))
}

function firewall(): string[] {
  const said = spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8', maxBuffer: 1 << 26 })
  return said.status === 0 ? said.stdout.split('\n') : []
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    // It has ended meanwhile, or is no file.
    return ''
  }
}
