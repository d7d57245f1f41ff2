import { closeSync, ftruncateSync, openSync, renameSync, rmSync } from 'node:fs'
import { nameBeside, writeAll, writeFileAtomic } from './atomic-file.ts'
import { describing } from './errors.ts'

/** What the usual file systems give a small file. */
const blockBytes = 4096

/**
 * A small file that can be replaced on a full disk too, as often as room was reserved for: spares of one block lie beside it, of which
 * each replacement overwrites one and renames it over the file. So a reader sees the old content or the new; overwriting the file itself
 * would show it parts, since neither ext4 nor tmpfs keep readers out while they write. It helps where files are overwritten in
 * place; a file system that writes elsewhere (btrfs) may still be full.
 */
export class ReservedFile {
  readonly #path: string
  readonly #mode: number
  readonly #spares: string[] = []

  /** Reserves room for `times` replacements. Throws DISK_FULL or SYSCALL_FAILED, and then leaves none. */
  constructor(path: string, { times, mode }: { times: number; mode: number }) {
    this.#path = path
    this.#mode = mode
    try {
      for (let count = 0; count < times; count++) this.#reserve()
    } catch (error) {
      this.release()
      throw error
    }
  }

  /** Replaces the content, at first from what was reserved. Throws as `writeFileAtomic`, and then leaves the old content. */
  replace(data: string): void {
    const spare = this.#spares.shift()
    if (spare === undefined || !this.#fill(spare, data)) writeFileAtomic(this.#path, data, { mode: this.#mode })
  }

  /** Gives back what was not used. */
  release(): void {
    for (const spare of this.#spares.splice(0)) rmSync(spare, { force: true })
  }

  #reserve(): void {
    const spare = nameBeside(this.#path)
    describing(`cannot reserve room for ${this.#path}`, () => {
      const fd = openSync(spare, 'wx', this.#mode)
      this.#spares.push(spare)
      try {
        writeAll(fd, Buffer.alloc(blockBytes, ' '))
      } finally {
        closeSync(fd)
      }
    })
  }

  /** False when it did not fit; the spare is gone, and its block is free for another try. */
  #fill(spare: string, data: string): boolean {
    try {
      const bytes = Buffer.from(data)
      const fd = openSync(spare, 'r+')
      try {
        writeAll(fd, bytes)
        ftruncateSync(fd, bytes.length)
      } finally {
        closeSync(fd)
      }
      renameSync(spare, this.#path)
      return true
    } catch {
      rmSync(spare, { force: true })
      return false
    }
  }
}
