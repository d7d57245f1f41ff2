import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { nameBeside, syncDirectory, syscallError, writeFileAtomic } from '@rocket/host'
import { fileName } from './image-directory.ts'
import type { CopyPlan, ImageDestination } from './image-destination.ts'
import { writeSynced } from './layout-destination.ts'

/**
 * An image in a plain new directory, in the form that skopeo calls `dir`: every file can be looked at. The directory gets its name when it is
 * whole. Throws PACK_FAILED, IMAGE_DOCUMENT_INVALID, DISK_FULL, SYSCALL_FAILED. Spec: containers-transports(5), "dir:path".
 */
export function openDirectoryDestination(path: string): ImageDestination {
  const beside = nameBeside(path)
  let plan: CopyPlan | undefined
  return {
    name: path,
    atOnce: 6,
    begin: (given) => {
      plan = given
      if (plan.referrers.length > 0) {
        throw refuse(path, 'a plain directory has no place for signatures and what else refers to the image', '--without-referrers leaves them; oci:DIR holds them')
      }
      checkIsFree(path)
      for (const descriptor of plan.blobs) fileName(descriptor)
      try {
        mkdirSync(beside, { recursive: true })
      } catch (error) {
        throw syscallError(error, `${path} cannot be made`)
      }
    },
    putBlob: async (descriptor, open) => {
      await writeSynced(join(beside, fileName(descriptor)), open())
      return 'sent'
    },
    finish: () => {
      const { root, children } = plan!
      for (const { descriptor, bytes } of children) writeFileAtomic(join(beside, fileName(descriptor)), bytes, { sync: true })
      writeFileAtomic(join(beside, 'manifest.json'), root.bytes, { sync: true })
      writeFileAtomic(join(beside, 'version'), 'Directory Transport Version: 1.1\n', { sync: true })
      checkIsFree(path)
      try {
        renameSync(beside, path)
      } catch (error) {
        throw syscallError(error, `${path} was not written`)
      }
      syncDirectory(dirname(path))
    },
    close: () => rmSync(beside, { recursive: true, force: true }),
  }
}

/** An empty directory may be there: it is replaced. */
function checkIsFree(path: string): void {
  if (!existsSync(path)) return
  try {
    if (readdirSync(path).length === 0) return
  } catch (error) {
    throw syscallError(error, `the image was not copied to ${path}`)
  }
  throw refuse(path, 'it is there already', 'name a new directory')
}

function refuse(path: string, why: string, hint: string): RocketError {
  return new RocketError('PACK_FAILED', { what: `the image was not copied to ${path}`, why, hint })
}
