import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { Request, RoadLine } from '@rocket/contracts'

/**
 * Everything that lies in the directory of a pod, by path: kind, mode, owner and contents, with what differs between two runs of the same
 * pod replaced by its name: UUIDs, times, pids, addresses, the programs that ran the stages, and the configuration that named them.
 */
export function podTree(directory: string): Record<string, string> {
  const uuid = directory.slice(directory.lastIndexOf('/') + 1)
  const tree: Record<string, string> = {}
  for (const path of walk(directory)) {
    const stats = lstatSync(join(directory, path))
    const head = `${(stats.mode).toString(8)} ${stats.uid}:${stats.gid}`
    const body = bodyOf(join(directory, path), stats)
    tree[nameless(path, uuid)] = `${head}\n${nameless(shapes[path]?.(body) ?? body, uuid)}`
  }
  return tree
}

function bodyOf(path: string, stats: Stats): string {
  if (stats.isSymbolicLink()) return readlinkSync(path)
  return stats.isFile() ? readFileSync(path, 'latin1') : ''
}

/** File by file, so that a difference is told in few lines. */
export function assertSameTree(actual: Record<string, string>, expected: Record<string, string>): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort())
  for (const [path, text] of Object.entries(expected)) assert.equal(actual[path], text, path)
}

function walk(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    return entry.isDirectory() ? [path, ...walk(directory, path)] : [path]
  }).sort()
}

function nameless(text: string, uuid: string): string {
  return text
    .replaceAll(uuid, 'UUID').replaceAll(uuid.replaceAll('-', ''), 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, 'TIME')
    .replaceAll(/\/proc\/\d+\//g, '/proc/PID/').replaceAll(/"(pid|startTime)": ?\d+/g, '"$1": N')
    .replaceAll(/\b172\.16\.28\.(?!1\b)\d+/g, 'ADDRESS')
    .replaceAll(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'MAC').replaceAll(/\bveth[0-9a-f]+/g, 'VETH')
    .replaceAll(/,\n *"program": "[^"]*"/g, '').replaceAll(/\/config-\d+/g, '/CONFIGURATION')
    .replaceAll('/packages/host/dist/native/', '/dist/native/')
    .replace(/^\d+\n?$/, 'NUMBER')
}

/** What of a file's contents is compared. */
const shapes: Readonly<Record<string, (text: string) => string>> = {
  /** Which stage ran which verb and left which files. What it read is compared apart: a program is credited with all it may read. */
  'road.jsonl': (text) => {
    const verbs = roadLines(text).map((line) => `${stageOf(line)} ${line.verb} ${line.exitCode} wrote ${filesOf(line.wrote)}`)
    return verbs.join('\n')
  },
  /** The flavors at hand in the order of their names: one that is named by its directory comes first. */
  'request.json': (text) => {
    const request = JSON.parse(text) as Request
    return JSON.stringify({ ...request, flavors: request.flavors.toSorted((a, b) => a.name.localeCompare(b.name)) }, undefined, 2)
  },
}

export function filesOf(digests: RoadLine['wrote']): string {
  return digests.map(({ file }) => file).sort().join(' ')
}

export function roadLines(text: string): RoadLine[] {
  return text.trimEnd().split('\n').map((line) => JSON.parse(line) as RoadLine)
}

/** Our own are logged by their package's name, programs by the name of the stage. */
export function stageOf(line: RoadLine): string {
  return line.stage.replace(/-.*/, '')
}
