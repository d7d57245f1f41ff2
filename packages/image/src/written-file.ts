import { closeSync, writeSync } from 'node:fs'
import { native } from '@rocket/host'
import { describeFile, ownerOf } from './entry-attributes.ts'
import type { Place, RootedTree } from './rooted-tree.ts'
import type { TarEntry } from './tar-entry.ts'
import type { TreeNotes } from './tree-report.ts'

/** Calls `create` with the place where the file is to be made, again when something had to be removed there first. */
export type MakeNew = (create: (place: Place) => void) => void

/**
 * A regular file of an archive, made when its content comes. Most are short, and come in one piece: those are made, written and described
 * by one call of the native part.
 */
export class WrittenFile {
  readonly #entry: TarEntry
  readonly #notes: TreeNotes
  readonly #tree: RootedTree
  readonly #makeNew: MakeNew
  #fd: number | undefined
  #isDone = false

  constructor(entry: TarEntry, notes: TreeNotes, tree: RootedTree, makeNew: MakeNew) {
    this.#entry = entry
    this.#notes = notes
    this.#tree = tree
    this.#makeNew = makeNew
  }

  write(piece: Buffer): void {
    if (this.#fd === undefined && this.#isWhole(piece)) return this.#createWhole(piece)
    const fd = this.#open()
    for (let written = 0; written < piece.length;) written += writeSync(fd, piece, written)
  }

  /** After the last byte. */
  end(): void {
    if (this.#isDone) return
    if (this.#isWhole(nothing)) return this.#createWhole(nothing)
    describeFile(this.#open(), this.#entry, this.#notes)
    this.close()
  }

  /** Repeatable; what was written stays as it is. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #isWhole(piece: Buffer): boolean {
    return piece.length === this.#entry.size && this.#entry.xattrs.length === 0
  }

  #createWhole(content: Buffer): void {
    const { mode, mtimeNs } = this.#entry
    const { uid, gid } = ownerOf(this.#entry)
    this.#makeNew(({ directory, name }) => native().createFile(directory, name, content, mode, uid, gid, mtimeNs))
    this.#isDone = true
  }

  #open(): number {
    if (this.#fd === undefined) {
      this.#makeNew((place) => {
        this.#fd = this.#tree.createFile(place)
      })
    }
    return this.#fd!
  }
}

const nothing = Buffer.alloc(0)
