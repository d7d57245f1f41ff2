import { ancestorsOf, type LayerPath } from '../entry-path.ts'
import type { RenderStep } from './flatten-images.ts'
import type { RootfsEntry } from './list-entries.ts'

/** What one image contributes. */
export interface Contribution {
  /** From an entry of the archive to the path it is written at: another one where only a hard link to it is wanted. */
  places: Map<LayerPath, LayerPath>
  /** From a hard link to the path it is linked to. */
  links: Map<LayerPath, LayerPath>
}

/** What the images so far have brought. */
interface Rendered {
  taken: Set<LayerPath>
  /** Directories that something was taken below, some of which no image has described so far. */
  implied: Set<LayerPath>
  /** Where an image has something that is no directory, taken or not: it hides whatever lies there, and below, further down. */
  closed: Set<LayerPath>
}

/**
 * What each image of the list contributes, images and results in the same order, topmost first: what would be left of it if they were laid
 * over each other, the last one first, each file taking the place of whatever is there, and directories becoming one.
 * Of an image with a whitelist, files that it does not list are left out; of an image below it, directories too, but for those that lead to
 * what is listed. Hard links of an image keep the content they have in it. Spec: appc 0.8.11, "Dependency Matching", "pathWhitelist".
 */
export function planRender(images: readonly (Pick<RenderStep, 'own' | 'above'> & { entries: readonly RootfsEntry[] })[]): Contribution[] {
  const rendered: Rendered = { taken: new Set(), implied: new Set(), closed: new Set() }
  return images.map((image) => contribute(image.entries, selectEntries(image, rendered)))
}

function selectEntries(
  { entries, own, above }: Pick<RenderStep, 'own' | 'above'> & { entries: readonly RootfsEntry[] }, { taken, implied, closed }: Rendered,
): Set<LayerPath> {
  const selected = new Set<LayerPath>()
  for (const { path, type } of entries) {
    const isDirectory = type === 'directory'
    if (!isDirectory && own !== undefined && !own.paths.has(path)) continue
    if (path !== '' && !above.every(({ paths, parents }) => paths.has(path) || (isDirectory && parents.has(path)))) continue
    const ancestors = ancestorsOf(path)
    const isHidden = taken.has(path) || (!isDirectory && implied.has(path)) || [path, ...ancestors].some((each) => closed.has(each))
    if (!isDirectory) closed.add(path)
    if (isHidden) continue
    selected.add(path)
    taken.add(path)
    for (const ancestor of ancestors) implied.add(ancestor)
  }
  return selected
}

/** Where the file that hard links share is not wanted under its own name, the first link takes its place. */
function contribute(entries: readonly RootfsEntry[], selected: ReadonlySet<LayerPath>): Contribution {
  const originOf = new Map<LayerPath, LayerPath>()
  const places = new Map<LayerPath, LayerPath>()
  const links = new Map<LayerPath, LayerPath>()
  for (const { path, link } of entries) {
    if (link === undefined) {
      if (selected.has(path)) places.set(path, path)
      continue
    }
    const origin = originOf.get(link) ?? link
    originOf.set(path, origin)
    if (!selected.has(path)) continue
    const place = places.get(origin)
    if (place === undefined) places.set(origin, path)
    else links.set(path, place)
  }
  return { places, links }
}
