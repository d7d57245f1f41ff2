import { join } from 'node:path'
import { AptRoot } from './apt-root.ts'
import { writeLock, type Lock } from './lock.ts'
import { architecture, compilerPackages, guestPackages, kernelPackages, suite } from './recipe.ts'

/** Writes a new lock with the versions that the archive has now. */
export function updateLock(work: string): Lock {
  const apt = new AptRoot(join(work, 'apt'))
  const lock: Lock = {
    version: 1, suite, architecture, guest: apt.describe(guestPackages),
    kernels: {
      debian: apt.describe([apt.carrierOf(kernelPackages.debian)]),
      small: apt.describe([apt.carrierOf(kernelPackages.small), ...apt.closure(compilerPackages)]),
    },
  }
  writeLock(lock)
  return lock
}
