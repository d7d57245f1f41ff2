import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { sha256Hex } from '@rocket/host'
import { mirror } from './apt-root.ts'
import type { LockedPackage } from './lock.ts'

/**
 * The file of a locked package, fetched when it is not here yet; the lock's digest decides. Throws GUEST_PACKAGE_GONE when the archive no
 * longer has it, GUEST_BUILD_FAILED when it has something else or cannot be reached.
 */
export async function downloadPackage(one: LockedPackage, work: string): Promise<string> {
  const directory = join(work, 'packages')
  const file = join(directory, `${one.digest.slice('sha256:'.length)}.deb`)
  if (existsSync(file) && digestOf(readFileSync(file)) === one.digest) return file
  mkdirSync(directory, { recursive: true })
  const url = `${mirror()}/${one.archive}/${one.path}`
  const bytes = await fetchBytes(url, one)
  if (digestOf(bytes) !== one.digest) {
    throw new RocketError('GUEST_BUILD_FAILED', { what: `${url} is not what the lock names`, why: `it hashes to ${digestOf(bytes)}, not to ${one.digest}` })
  }
  writeFileSync(`${file}.${process.pid}`, bytes)
  renameSync(`${file}.${process.pid}`, file)
  return file
}

async function fetchBytes(url: string, one: LockedPackage): Promise<Buffer> {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(600_000) })
    if (response.ok) return Buffer.from(await response.arrayBuffer())
  } catch (cause) {
    throw new RocketError('GUEST_BUILD_FAILED', { what: `${url} cannot be fetched`, why: (cause as Error).message, cause })
  }
  if (response.status !== 404 && response.status !== 410) throw new RocketError('GUEST_BUILD_FAILED', { what: `${url} cannot be fetched`, why: `status ${response.status}` })
  throw new RocketError('GUEST_PACKAGE_GONE', {
    what: `package ${one.name} ${one.packageVersion} cannot be fetched`, why: `${url} is no longer there`,
    hint: 'node tools/guest/src/guest.ts update writes a lock with the versions of today; ROCKET_DEBIAN_MIRROR names another mirror',
  })
}

function digestOf(bytes: Buffer): string {
  return `sha256:${sha256Hex(bytes)}`
}
