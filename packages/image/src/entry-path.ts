import { RocketError } from '@rocket/contracts'

/**
 * Paths inside a layer are strings with one character per byte (latin-1): lossless, usable as a key and in JSON. They are relative,
 * clean, without leading or trailing slash; the root is the empty string.
 */
export type LayerPath = string

const longestName = 255
const longestPath = 4095

/**
 * The name of an archive entry as a clean path. A leading `/` is dropped and `.` ignored; `..` is followed by name as other
 * unpackers do, never beyond the root. What the result means is still for the kernel to resolve inside the root.
 * Throws ENTRY_ESCAPES_ROOTFS, ENTRY_NAME_INVALID.
 */
export function cleanEntryName(name: Buffer): LayerPath {
  const text = name.toString('latin1')
  if (text.includes('\0')) throw invalidName(text, 'it contains a NUL byte')
  if (text.length > longestPath * 2) throw invalidName(text, 'it is too long')
  const clean: string[] = []
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') {
      if (part.length > longestName) throw invalidName(text, `a component is longer than ${longestName} bytes`)
      clean.push(part)
    } else if (clean.pop() === undefined) {
      throw new RocketError('ENTRY_ESCAPES_ROOTFS', {
        what: `the entry ${showPath(text)} was refused`,
        why: 'it climbs out of the root it is unpacked into',
        hint: 'do not trust this image',
      })
    }
  }
  const path = clean.join('/')
  if (path.length > longestPath) throw invalidName(text, `it is longer than ${longestPath} bytes`)
  return path
}

export function parentPath(path: LayerPath): LayerPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export function baseName(path: LayerPath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Every directory above `path`, the root first. */
export function ancestorsOf(path: LayerPath): LayerPath[] {
  const ancestors: LayerPath[] = path === '' ? [] : ['']
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) ancestors.push(path.slice(0, slash))
  return ancestors
}

/** For messages: quoted, so that control characters do no harm, as UTF-8 where it is. */
export function showPath(path: LayerPath): string {
  return JSON.stringify(Buffer.from(path.slice(0, 300), 'latin1').toString('utf8'))
}

function invalidName(text: string, why: string): RocketError {
  return new RocketError('ENTRY_NAME_INVALID', { what: `the entry ${showPath(text)} was refused`, why })
}
