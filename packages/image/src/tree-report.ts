import { RocketError } from '@rocket/contracts'
import type { LayerPath } from './entry-path.ts'

/** What unpacking an archive into a tree found out. Paths as `LayerPath` says. */
export interface TreeReport {
  entries: number
  /** Content of regular files. */
  unpackedBytes: number
  /** Directories that were made without an entry, the root among them if it has none. Sorted; a parent comes before its children. */
  implicitParents: LayerPath[]
  /** Directories whose entry came after entries in them, which were written as into one without an entry. Absent when there are none. */
  describedLate?: LayerPath[]
  /** Hard links to files that this layer does not hold. They were not made. */
  outwardLinks: { path: LayerPath; target: LayerPath }[]
  /**
   * Entries below a link that leads nowhere within this layer, which were not made; directories that were only implied, and then replaced
   * or deleted.
   */
  throughLinks: LayerPath[]
  /** Directories in which something of the layers below is deleted. */
  whiteoutParents: LayerPath[]
  /** Entries that were left out on purpose, at most 1000 of them. */
  skipped: { path: LayerPath; why: string }[]
  /** Extended attributes left out, by name. */
  droppedXattrs: Record<string, number>
}

export interface TreeLimits {
  /** Entries and directories made for them, together. */
  maxEntries: number
  maxUnpackedBytes: number
}

const mostSkipped = 1000

/** The report as it grows, and the limits it is held to: LAYER_TOO_LARGE. */
export class TreeNotes {
  readonly report: TreeReport = {
    entries: 0,
    unpackedBytes: 0,
    implicitParents: [],
    outwardLinks: [],
    throughLinks: [],
    whiteoutParents: [],
    skipped: [],
    droppedXattrs: {},
  }
  readonly #limits: TreeLimits

  constructor(limits: TreeLimits) {
    this.#limits = limits
  }

  countEntry(): void {
    this.report.entries++
    if (this.report.entries > this.#limits.maxEntries) throw tooLarge(`it makes more than ${this.#limits.maxEntries} files and directories`)
  }

  countBytes(size: number): void {
    this.report.unpackedBytes += size
    const { maxUnpackedBytes } = this.#limits
    if (this.report.unpackedBytes > maxUnpackedBytes) throw tooLarge(`its files hold more than ${maxUnpackedBytes} bytes`)
  }

  skip(path: LayerPath, why: string): undefined {
    if (this.report.skipped.length < mostSkipped) this.report.skipped.push({ path, why })
  }

  dropXattr(name: string): void {
    this.report.droppedXattrs[name] = (this.report.droppedXattrs[name] ?? 0) + 1
  }

  /** The tree of the layer alone cannot show what it means for the layers below. */
  needsChain(path: LayerPath): void {
    this.report.throughLinks.push(path)
  }
}

function tooLarge(why: string): RocketError {
  return new RocketError('LAYER_TOO_LARGE', {
    what: 'the archive was not unpacked',
    why,
    hint: 'if it is meant to be that large, raise the limit',
  })
}
