import { readFileSync } from 'node:fs'

export interface MountEntry {
  id: number
  parent: number
  /** major:minor */
  device: string
  /** The directory of the file system that is mounted. */
  root: string
  mountPoint: string
  options: string[]
  /** `shared:N`, `master:N`, … */
  propagation: string[]
  type: string
  source: string
  superOptions: string[]
}

/** Mounts of this process, or of another, in the kernel's order: a later one of the same mount point lies above. */
export function readMounts(pid: number | 'thread-self' = 'thread-self'): MountEntry[] {
  return parseMountInfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'))
}

/** The mount points at a path and below it, parents first. */
export function mountsBelow(path: string): string[] {
  const prefix = path.endsWith('/') ? path : `${path}/`
  return readMounts().map((mount) => mount.mountPoint).filter((point) => point === path || point.startsWith(prefix)).sort()
}

/** proc(5), mountinfo: optional fields lie between the options and a lone hyphen. */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split('\n').filter((line) => line !== '').map(parseLine)
}

function parseLine(line: string): MountEntry {
  const words = line.split(' ')
  const hyphen = words.indexOf('-', 6)
  const [id, parent, device, root, mountPoint, options] = words
  const [type, source, superOptions] = words.slice(hyphen + 1)
  return {
    id: Number(id),
    parent: Number(parent),
    device: device ?? '',
    root: unescape(root ?? ''),
    mountPoint: unescape(mountPoint ?? ''),
    options: (options ?? '').split(','),
    propagation: words.slice(6, hyphen),
    type: type ?? '',
    source: unescape(source ?? ''),
    superOptions: (superOptions ?? '').split(','),
  }
}

/** Blank, tab, newline and backslash are written as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
