import { readFileSync, writeFileSync } from 'node:fs'
import type { Kind } from './recipe.ts'

/** A package as the archive has it. `path` is below the archive; security updates lie in one of their own. */
export interface LockedPackage {
  name: string
  packageVersion: string
  archive: 'debian' | 'debian-security'
  path: string
  sizeBytes: number
  digest: string
}

/** What a guest is made from, to the byte. `kernels.small` holds the compiler besides the source. */
export interface Lock {
  version: 1
  suite: string
  architecture: string
  guest: LockedPackage[]
  kernels: Record<Kind, LockedPackage[]>
}

const file = new URL('../guest.lock.json', import.meta.url)

export function readLock(): Lock {
  return JSON.parse(readFileSync(file, 'utf8')) as Lock
}

export function writeLock(lock: Lock): void {
  writeFileSync(file, `${JSON.stringify(lock, null, 1)}\n`)
}
