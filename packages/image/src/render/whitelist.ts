import { ancestorsOf, type LayerPath } from '../entry-path.ts'

/** The paths that a `pathWhitelist` keeps, and the directories that lead to them. */
export interface Whitelist {
  paths: ReadonlySet<LayerPath>
  parents: ReadonlySet<LayerPath>
}

/**
 * Undefined for an empty list, which keeps everything. Entries are compared as text, after `.`, `..` and repeated slashes are taken out as
 * if the rootfs were `/`: they only ever say no, and nothing is opened by them. Spec: appc 0.8.11, "Image Manifest Schema".
 */
export function parseWhitelist(list: readonly string[]): Whitelist | undefined {
  if (list.length === 0) return undefined
  const paths = new Set(list.map(cleanPath))
  return { paths, parents: new Set([...paths].flatMap(ancestorsOf)) }
}

function cleanPath(text: string): LayerPath {
  const clean: string[] = []
  for (const part of Buffer.from(text, 'utf8').toString('latin1').split('/')) {
    if (part === '..') clean.pop()
    else if (part !== '' && part !== '.') clean.push(part)
  }
  return clean.join('/')
}
