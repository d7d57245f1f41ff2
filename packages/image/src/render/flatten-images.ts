import { RocketError } from '@rocket/contracts'
import type { AciFile } from './list-entries.ts'
import { parseWhitelist, type Whitelist } from './whitelist.ts'

/** An ACI and what it depends on, in the order of its manifest. */
export interface RenderableImage extends AciFile {
  pathWhitelist: readonly string[]
  dependencies: readonly RenderableImage[]
}

/** One image in its place: what lies before it in the list lies above it in the tree. */
export interface RenderStep {
  image: RenderableImage
  own: Whitelist | undefined
  /** Of the images that it is there for, all of which must keep a path. */
  above: readonly Whitelist[]
}

const mostSteps = 512

/**
 * The order of rendering, the topmost image first: an image stands before its dependencies, and of those the last one stands first. An image
 * that is reached twice stands there twice. Throws DEPENDENCY_LIMIT. Spec: appc 0.8.11, "Dependency Matching"; the list is rkt's.
 */
export function flattenImages(top: RenderableImage): RenderStep[] {
  const steps: RenderStep[] = []
  const visit = (image: RenderableImage, above: readonly Whitelist[]): void => {
    if (steps.length === mostSteps) throw tooMany()
    const own = parseWhitelist(image.pathWhitelist)
    steps.push({ image, own, above })
    const below = own === undefined ? above : [...above, own]
    for (const dependency of image.dependencies.toReversed()) visit(dependency, below)
  }
  visit(top, [])
  return steps
}

function tooMany(): RocketError {
  return new RocketError('DEPENDENCY_LIMIT', {
    what: 'the image was not rendered', why: `its dependencies are met more than ${mostSteps} times, counting each way to them`,
    hint: 'pack the image with everything it needs',
  })
}
