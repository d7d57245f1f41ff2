import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentKinds, isErrno, podLayout, RocketError } from '@rocket/contracts'
import { namesIn, sha256Hex } from '@rocket/host'
import type { RoadLog } from './road-log.ts'

/**
 * Compares every hand-off of a pod, whoever is going to read it, with the line of the log that wrote it last. Throws HANDOFF_ALTERED for
 * one that changed, one that is gone, and one that nobody wrote. `own` are the files that the verb which has just run may write.
 */
export function checkChain({ podDirectory, log }: { podDirectory: string; log: RoadLog }, own: readonly string[] = []): void {
  const expected = log.expected()
  for (const file of new Set([...expected.keys(), ...possibleFiles(podDirectory)])) {
    const wanted = expected.get(file)
    const found = own.includes(file) ? wanted : digestIfThere(join(podDirectory, file))
    if (found !== wanted) throw altered(join(podDirectory, file), found, wanted)
  }
}

function altered(path: string, found: string | undefined, wanted: string | undefined): RocketError {
  const changed = wanted === undefined ? 'no stage was to write it' : `its digest is ${found}, road.jsonl says ${wanted}`
  return new RocketError('HANDOFF_ALTERED', {
    what: `${path} is not what the stage that wrote it left`,
    why: found === undefined ? 'it is gone' : changed,
    hint: 'prepare the pod again; `rkt trace` shows every hand-off and its writer',
  })
}

const chained: readonly string[] = Object.values(documentKinds).filter((kind) => kind.in === 'pod' && kind.chained).map((kind) => kind.file)

function possibleFiles(podDirectory: string): string[] {
  const apps = namesIn(join(podDirectory, podLayout.apps))
  return chained.flatMap((file) => (file.includes('<app>') ? apps.map((app) => file.replace('<app>', app)) : [file]))
}

function digestIfThere(path: string): string | undefined {
  try {
    return `sha256:${sha256Hex(readFileSync(path))}`
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
}
