import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync, type Stats } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { isOpaque, isWhiteout, linux } from '@rocket/host'

/** A directory as an overlay shows it: the directories that make it up, topmost first. */
interface Directory {
  kind: 'directory'
  path: string
  layers: readonly number[]
  /** Of the topmost; absent where a mount will make the directory. */
  stats: Stats | undefined
}

/** Anything else. `at` names it through the descriptor of the directory that holds it, so that no link on the way is followed. */
interface Leaf {
  kind: 'leaf'
  path: string
  at: string
  stats: Stats
}

type Walked = Directory | Leaf | { kind: 'missing'; path: string; why: 'absent' | 'not a directory' | 'too many links' }

export interface Found {
  /** In the root; absolute and clean, the links on the way resolved. */
  path: string
  type: 'directory' | 'file' | 'link' | 'other'
  mode: number
  uid: number
  gid: number
  sizeBytes: number
}

const mostLinks = 40
const directoryFlags = linux.O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * A root read through the trees of its layers, without mounting them: whiteouts, opaque directories, merged directories and links
 * resolved inside the root, as an overlay of the trees shows it. Every step goes through an open descriptor and follows no link of the
 * file system, so that nothing outside the trees is ever read. Trees are given bottom first. Needs root only for what is not readable
 * otherwise, and to see the opaque marks of trees that lie above others.
 */
export class LayeredRoot {
  readonly #root: Directory
  readonly #descriptors: number[] = []
  readonly #known = new Map<string, Directory>()
  readonly #mounts = new Map<string, string | undefined>()

  constructor(trees: readonly string[]) {
    const layers = trees.map((tree) => this.#openTree(tree)).reverse()
    const top = layers[0]
    if (top === undefined) throw new RocketError('IMAGE_TREE_MISSING', {
      what: 'an image has no root file system', why: 'its record names no tree',
    })
    this.#root = { kind: 'directory', path: '/', layers, stats: fstatSync(top) }
  }

  /** From here on `target` shows the host's `source`, or without one an empty directory. Links below a source stay inside the root. */
  mount(target: string, source: string | undefined): void {
    this.#mounts.set(this.resolve(target), source)
    this.#known.clear()
  }

  /** What lies at a path, undefined for nothing. A link at the end is followed unless `follow` is false. */
  find(path: string, options: { follow?: boolean } = {}): Found | undefined {
    const walked = this.#walk(path, options.follow ?? true)
    if (walked.kind === 'missing') return undefined
    const { stats } = walked
    if (stats === undefined) return { path: walked.path, type: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 }
    return { path: walked.path, type: typeOf(stats), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, sizeBytes: stats.size }
  }

  /** The path with all links resolved; what is missing of it stays as it is. Throws MOUNT_TARGET_INVALID when links go round. */
  resolve(path: string): string {
    const walked = this.#walk(path, true)
    if (walked.kind !== 'missing' || walked.why === 'absent') return walked.path
    throw new RocketError('MOUNT_TARGET_INVALID', { what: `${path} cannot be a place in the root`, why: `${walked.path}: ${walked.why}` })
  }

  /** The bytes of a regular file of at most `maxBytes`; undefined when there is no such path. Nothing else is ever opened. */
  readFile(path: string, maxBytes: number): Buffer | undefined {
    const walked = this.#walk(path, true)
    if (walked.kind === 'missing' && walked.why === 'absent') return undefined
    const refuse = (why: string): RocketError => new RocketError('IMAGE_FILE_UNREADABLE', { what: `${path} of the image is not read`, why })
    if (walked.kind === 'missing') throw refuse(walked.why)
    if (walked.kind !== 'leaf' || !walked.stats.isFile()) throw refuse('it is no regular file')
    if (walked.stats.size > maxBytes) throw refuse(`it has ${walked.stats.size} bytes, the most is ${maxBytes}`)
    const fd = openSync(walked.at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!fstatSync(fd).isFile()) throw refuse('it is no regular file')
      const bytes = Buffer.alloc(maxBytes + 1)
      let length = 0
      for (let count = -1; count !== 0 && length < bytes.length; length += count) count = readSync(
        fd, bytes, length, bytes.length - length, null,
      )
      if (length > maxBytes) throw refuse(`it has more than ${maxBytes} bytes`)
      return bytes.subarray(0, length)
    } finally {
      closeSync(fd)
    }
  }

  /** The names in a directory, sorted; empty when there is none. */
  list(path: string): string[] {
    const walked = this.#walk(path, true)
    if (walked.kind !== 'directory') return []
    const names = new Set<string>()
    const gone = new Set<string>()
    for (const layer of walked.layers) {
      for (const name of readdirSync(at(layer))) {
        if (names.has(name) || gone.has(name)) continue
        const stats = lstatSync(at(layer, name))
        ;(isWhiteout(stats) ? gone : names).add(name)
      }
    }
    return [...names].sort()
  }

  /** Where what lies at a path can be reached while this root is open; a link at the end is not followed. */
  locate(path: string): string | undefined {
    const walked = this.#walk(path, false)
    if (walked.kind === 'leaf') return walked.at
    const top = walked.kind === 'directory' ? walked.layers[0] : undefined
    return top === undefined ? undefined : at(top, '.')
  }

  close(): void {
    for (const fd of this.#descriptors.splice(0)) closeSync(fd)
    this.#known.clear()
  }

  #walk(path: string, follow: boolean): Walked {
    const rest = path.split('/').reverse()
    let here: Directory[] = [this.#root]
    let links = 0
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (here.length > 1) here.pop()
        continue
      }
      const parent = here.at(-1) as Directory
      const entry = this.#step(parent, name)
      if (entry === undefined) return { kind: 'missing', path: missingPath(parent.path, [name, ...rest.reverse()]), why: 'absent' }
      if (entry.kind === 'directory') {
        here.push(entry)
        continue
      }
      const last = rest.every((one) => one === '')
      if (entry.stats.isSymbolicLink() && (follow || !last)) {
        if (++links > mostLinks) return { kind: 'missing', path: entry.path, why: 'too many links' }
        const target = readlinkSync(entry.at)
        if (target.startsWith('/')) here = [this.#root]
        rest.push(...target.split('/').reverse())
        continue
      }
      return last ? entry : { kind: 'missing', path: entry.path, why: 'not a directory' }
    }
    return here.at(-1) as Directory
  }

  #step(parent: Directory, name: string): Directory | Leaf | undefined {
    const path = childPath(parent.path, name)
    const known = this.#known.get(path)
    if (known !== undefined) return known
    const entry = this.#mounts.size > 0 && this.#mounts.has(path) ? this.#stepIntoMount(path) : this.#lookUp(parent, name, path)
    if (entry === undefined && [...this.#mounts.keys()].some((target) => target.startsWith(`${path}/`))) {
      return { kind: 'directory', path, layers: [], stats: undefined }
    }
    if (entry?.kind === 'directory') this.#known.set(path, entry)
    return entry
  }

  #lookUp(parent: Directory, name: string, path: string): Directory | Leaf | undefined {
    const layers: number[] = []
    let stats: Stats | undefined
    for (const [index, layer] of parent.layers.entries()) {
      const place = at(layer, name)
      const found = lstatSync(place, { throwIfNoEntry: false })
      if (found === undefined) continue
      if (isWhiteout(found)) break
      if (!found.isDirectory()) {
        if (stats === undefined) return { kind: 'leaf', path, at: place, stats: found }
        break
      }
      stats ??= found
      layers.push(this.#open(place))
      if (index < parent.layers.length - 1 && isOpaque(place)) break
    }
    return stats === undefined ? undefined : { kind: 'directory', path, layers, stats }
  }

  #stepIntoMount(path: string): Directory | Leaf | undefined {
    const source = this.#mounts.get(path)
    if (source === undefined) return { kind: 'directory', path, layers: [], stats: undefined }
    const stats = statSync(source, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    if (!stats.isDirectory()) return { kind: 'leaf', path, at: source, stats }
    const fd = openSync(source, linux.O_PATH | constants.O_DIRECTORY)
    this.#descriptors.push(fd)
    return { kind: 'directory', path, layers: [fd], stats }
  }

  #openTree(tree: string): number {
    try {
      // A tree of another store is a link to it, made by the store itself in a directory that is its own.
      const fd = openSync(tree, linux.O_PATH | constants.O_DIRECTORY)
      this.#descriptors.push(fd)
      return fd
    } catch (cause) {
      this.close()
      throw new RocketError('IMAGE_TREE_MISSING', {
        what: `the layer tree ${tree} cannot be opened`, why: (cause as Error).message,
        hint: 'fetch the image again: rkt fetch --pull-policy=update IMAGE', cause,
      })
    }
  }

  #open(place: string): number {
    const fd = openSync(place, directoryFlags)
    this.#descriptors.push(fd)
    return fd
  }
}

function at(directory: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${directory}` : `/proc/self/fd/${directory}/${name}`
}

function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** `..` behind something that is not there can only be taken as text. */
function missingPath(parent: string, rest: readonly string[]): string {
  const parts = parent.split('/').filter((part) => part !== '')
  for (const name of rest) {
    if (name === '..') parts.pop()
    else if (name !== '' && name !== '.') parts.push(name)
  }
  return `/${parts.join('/')}`
}

function typeOf(stats: Stats): Found['type'] {
  if (stats.isDirectory()) return 'directory'
  if (stats.isFile()) return 'file'
  return stats.isSymbolicLink() ? 'link' : 'other'
}
