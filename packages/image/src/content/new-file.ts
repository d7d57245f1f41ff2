import { closeSync, existsSync, fdatasync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { nameBeside, removeLeftovers, syncDirectory, syscallError } from '@rocket/host'

/** A file on its way to a name: written beside it, in any order. */
export interface NewFile {
  write(offset: number, bytes: Buffer): void
  /** Gives it its name, synced. */
  finish(): void
  /** Removes it unless it is finished. Repeatable. */
  close(): void
}

/** The disk is set to work while more is on its way: at the end there is little left to wait for. */
const flushBytes = 8 << 20

/** What is at the name already is only replaced when that is allowed. Throws PACK_FAILED, DISK_FULL, SYSCALL_FAILED. */
export function openNewFile(path: string, options: { overwrite: boolean }): NewFile {
  checkIsFree(path, options)
  const beside = nameBeside(path)
  let fd: number | undefined
  let unflushed = 0
  let isFlushing = false
  const flush = (): void => {
    isFlushing = true
    unflushed = 0
    // Whether it worked is for `finish` to find out.
    fdatasync(fd!, () => { isFlushing = false })
  }
  const coded = <T>(act: () => T): T => {
    try {
      return act()
    } catch (error) {
      throw syscallError(error, `${path} was not written`)
    }
  }
  coded(() => {
    removeLeftovers(dirname(path), (pid) => existsSync(`/proc/${pid}`))
    fd = openSync(beside, 'wx', 0o644)
  })
  return {
    write: (offset, bytes) => coded(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd!, bytes, done, bytes.length - done, offset + done)
      unflushed += bytes.length
      if (unflushed >= flushBytes && !isFlushing) flush()
    }),
    finish: () => coded(() => {
      fsyncSync(fd!)
      checkIsFree(path, options)
      renameSync(beside, path)
      syncDirectory(dirname(path))
    }),
    close: () => {
      if (fd === undefined) return
      closeSync(fd)
      fd = undefined
      rmSync(beside, { force: true })
    },
  }
}

function checkIsFree(path: string, { overwrite }: { overwrite: boolean }): void {
  if (overwrite || !existsSync(path)) return
  throw new RocketError('PACK_FAILED', { what: `the image was not copied to ${path}`, why: 'the file is there already', hint: '--overwrite replaces it' })
}
