import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What everything below a directory is, down to the times of change: equal before and after means that nobody touched it. */
export function treeState(directory: string): Record<string, string> {
  const state: Record<string, string> = { '.': stateOf(directory) }
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) state[path] = stateOf(join(directory, path))
  return state
}

function stateOf(path: string): string {
  const stats = lstatSync(path, { bigint: true })
  const body = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? readFileSync(path) : ''
  return `${stats.mode} ${stats.uid}:${stats.gid} ${stats.ctimeNs} ${createHash('sha256').update(body).digest('hex')}`
}
