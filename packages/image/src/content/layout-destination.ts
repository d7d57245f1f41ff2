import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno, type OciDescriptor, RocketError } from '@rocket/contracts'
import { lockDirectory, nameBeside, releaseLock, removeLeftovers, syncDirectory, syscallError, writeFileAtomic, writeFully } from '@rocket/host'
import { blobPath, readRootIndex } from '../oci-layout.ts'
import { openContentDirectory } from './content-files.ts'
import type { CopyPlan, ImageDestination } from './image-destination.ts'
import { formatLayoutIndex, layoutEntries, type LayoutNames, layoutVersion } from './layout-index.ts'

/**
 * An OCI image layout directory: a new one, or one that is there, in which the copy takes the place of an image of the same tag. Blobs come
 * first and `index.json` last, so a copy that was killed leaves unused blobs at most, which the next one uses. Throws PACK_FAILED,
 * OCI_LAYOUT_INVALID, DISK_FULL, SYSCALL_FAILED.
 */
export function openLayoutDestination(directory: string, names: LayoutNames): ImageDestination {
  let plan: CopyPlan | undefined
  const pathOf = ({ digest }: OciDescriptor): string => blobPath(directory, digest)
  const unfinished = new Set<string>()
  return {
    name: directory,
    atOnce: 6,
    begin: (given) => {
      plan = given
      checkDirectory(directory)
      for (const algorithm of ['sha256', 'sha512']) {
        const blobs = join(directory, 'blobs', algorithm)
        if (algorithm === 'sha256') makeDirectory(blobs)
        if (existsSync(blobs)) removeLeftovers(blobs, (pid) => existsSync(`/proc/${pid}`))
      }
    },
    putBlob: async (descriptor, open) => {
      const path = pathOf(descriptor)
      if (statSync(path, { throwIfNoEntry: false })?.size === descriptor.size) return 'there'
      makeDirectory(dirname(path))
      const beside = nameBeside(path)
      unfinished.add(beside)
      await writeSynced(beside, open())
      renameSync(beside, path)
      unfinished.delete(beside)
      return 'sent'
    },
    finish: () => {
      const { root, children, referrers } = plan!
      for (const { descriptor, bytes } of [...children, ...referrers, root]) {
        makeDirectory(dirname(pathOf(descriptor)))
        writeFileAtomic(pathOf(descriptor), bytes, { sync: true })
      }
      const lock = lockDirectory(directory, { kind: 'exclusive', wait: true })
      try {
        const index = join(directory, 'index.json')
        const known = existsSync(index) ? readFileSync(index) : undefined
        syncDirectory(join(directory, 'blobs/sha256'))
        writeFileAtomic(join(directory, 'oci-layout'), layoutVersion, { sync: true })
        writeFileAtomic(index, formatLayoutIndex(known, layoutEntries(plan!, names)), { sync: true })
      } finally {
        releaseLock(lock)
      }
    },
    close: () => unfinished.forEach((path) => rmSync(path, { force: true })),
  }
}

/** Of a layout that a killed copy began there are the blobs only. */
function checkDirectory(directory: string): void {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw syscallError(error, `the image cannot be copied to ${directory}`)
  }
  if (names.includes('index.json')) return void readRootIndex(openContentDirectory(directory))
  if (names.every((name) => ['blobs', 'oci-layout'].includes(name) || name.startsWith('.new-'))) return
  throw new RocketError('PACK_FAILED', {
    what: `the image was not copied to ${directory}`, why: 'it is not empty, and not an OCI image layout', hint: 'name a new directory',
  })
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw syscallError(error, `${path} cannot be made`)
  }
}

/** A new file with this content. What fails leaves it, for the caller to remove. */
export async function writeSynced(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  let fd: number | undefined
  try {
    fd = openSync(path, 'wx', 0o644)
    for await (const chunk of bytes) writeFully(fd, chunk)
    fsyncSync(fd)
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `${path} was not written`) : error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
