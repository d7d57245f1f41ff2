import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { runProgramOrFail } from '@rocket/host'
import { downloadPackage } from './download.ts'
import type { LockedPackage } from './lock.ts'

/** The files of one locked package, unpacked once. */
export class UnpackedPackage {
  readonly locked: LockedPackage
  readonly #root: string

  static async open(locked: LockedPackage, work: string): Promise<UnpackedPackage> {
    const root = join(work, 'unpacked', locked.digest.slice('sha256:'.length))
    if (!existsSync(root)) {
      const file = await downloadPackage(locked, work)
      const unfinished = `${root}.${process.pid}`
      mkdirSync(unfinished, { recursive: true })
      runProgramOrFail('dpkg-deb', ['-x', file, unfinished], { timeoutMs: 600_000 })
      rmSync(root, { recursive: true, force: true })
      renameSync(unfinished, root)
    }
    return new UnpackedPackage(locked, root)
  }

  private constructor(locked: LockedPackage, root: string) {
    this.locked = locked
    this.#root = root
  }

  /** Follows links of the package within it. */
  read(path: string): Buffer {
    return readFileSync(this.#resolve(path))
  }

  has(path: string): boolean {
    return existsSync(this.#resolve(path))
  }

  /** The only name in a directory that begins so. */
  findOne(directory: string, prefix: string): string {
    const names = existsSync(join(this.#root, directory)) ? readdirSync(join(this.#root, directory)).filter((name) => name.startsWith(prefix)) : []
    const [name] = names
    if (name !== undefined && names.length === 1) return name
    throw new RocketError('GUEST_BUILD_FAILED', { what: `package ${this.locked.name} has ${names.length} files ${directory}/${prefix}*, not one` })
  }

  #resolve(path: string): string {
    const inside = join(this.#root, path)
    try {
      const target = readlinkSync(inside)
      return this.#resolve(target.startsWith('/') ? target : resolve(dirname(path), target))
    } catch {
      return inside
    }
  }
}
