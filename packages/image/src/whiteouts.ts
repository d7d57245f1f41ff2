import { RocketError } from '@rocket/contracts'
import { ancestorsOf, baseName, type LayerPath, parentPath, showPath } from './entry-path.ts'
import type { TarEntryType } from './tar-entry.ts'

export type Whiteout =
  /** `path` of the layers below is gone. */
  | { kind: 'delete'; path: LayerPath }
  /** Of the layers below, nothing in `path` is left. */
  | { kind: 'opaque'; path: LayerPath }
  /** AUFS's own bookkeeping: means nothing here. */
  | { kind: 'reserved' }

const prefix = '.wh.'
const opaqueName = '.wh..wh..opq'

/**
 * What an entry of a layer deletes, or undefined for an ordinary entry. Throws WHITEOUT_INVALID for one that would delete `.`, `..` or
 * a nameless thing, for a directory, and for entries below a name that is a whiteout. Spec: OCI image-spec, layer.md, "Whiteouts".
 */
export function parseWhiteout(path: LayerPath, type: TarEntryType): Whiteout | undefined {
  const name = baseName(path)
  if (!path.includes(prefix)) return undefined
  if (ancestorsOf(path).some((ancestor) => baseName(ancestor).startsWith(prefix))) throw invalid(path, 'it lies below a whiteout')
  if (!name.startsWith(prefix)) return undefined
  if (type === 'directory') throw invalid(path, 'it is a directory')
  if (name === opaqueName) return { kind: 'opaque', path: parentPath(path) }
  const deleted = name.slice(prefix.length)
  if (deleted.startsWith(prefix)) return { kind: 'reserved' }
  if (deleted === '' || deleted === '.' || deleted === '..') throw invalid(path, 'it names nothing that can be deleted')
  const parent = parentPath(path)
  return { kind: 'delete', path: parent === '' ? deleted : `${parent}/${deleted}` }
}

function invalid(path: LayerPath, why: string): RocketError {
  return new RocketError('WHITEOUT_INVALID', { what: `the whiteout ${showPath(path)} was refused`, why })
}
