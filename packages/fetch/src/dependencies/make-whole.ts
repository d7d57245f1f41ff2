import { isRocketError, RocketError, type ImageRecord } from '@rocket/contracts'
import type { RenderableImage } from '@rocket/image'
import { formatImageName } from '../image-name.ts'
import { isRendered } from '../import-aci.ts'
import type { Session } from '../session.ts'
import { checkDependency, type Dependency } from './check-dependency.ts'
import { renderImage, toRenderable } from './render-image.ts'

/** An image of the store, or on its way there. */
export interface Found {
  record: ImageRecord
  /** Writes its names, once its record is there. */
  remember(): void
}

interface Whole {
  record: ImageRecord
  image: RenderableImage
}

/** Makes images whole whose files are not all their own. One of these serves all images of a request. */
export type MakeWhole = (found: Found) => Promise<ImageRecord>

const mostLevels = 16
const mostDependencies = 128

/**
 * Fetches what an image depends on, and what that depends on, each by `find` and by the rules for any image; then renders it, and writes its
 * record and its names. Any other image is only remembered. The same dependency is fetched once. Throws DEPENDENCY_CYCLE, DEPENDENCY_LIMIT,
 * DEPENDENCY_MISMATCH, and what `find` and rendering throw; what was whole by then stays. Reference: rkt, "Dependencies and rendering".
 */
export function createMakeWhole(session: Session, find: (dependency: Dependency) => Promise<Found>): MakeWhole {
  const known = new Map<string, Whole>()
  const makeWhole = async (found: Found, above: readonly ImageRecord[]): Promise<Whole> => {
    const { record } = found
    refuseEndless(record, above)
    const dependencies: Whole[] = []
    for (const dependency of record.manifest.dependencies) dependencies.push(await resolve(dependency, [...above, record]))
    const image = toRenderable(record, dependencies.map((each) => each.image), session)
    const whole = { record: isRendered(record.manifest) ? await renderImage(record, image, session) : record, image }
    found.remember()
    return whole
  }
  const resolve = async (dependency: Dependency, above: readonly ImageRecord[]): Promise<Whole> => {
    const asked = JSON.stringify(dependency)
    const before = known.get(asked)
    if (before !== undefined) return before
    if (known.size === mostDependencies) throw tooMany(above)
    try {
      const found = await find(dependency)
      await checkDependency(dependency, found.record, session)
      const whole = await makeWhole(found, above)
      known.set(asked, whole)
      return whole
    } catch (error) {
      throw isRocketError(error) ? becauseOf(error, dependency, above) : error
    }
  }
  return async (found) => {
    if (isRendered(found.record.manifest)) return (await makeWhole(found, [])).record
    found.remember()
    return found.record
  }
}

function refuseEndless(record: ImageRecord, above: readonly ImageRecord[]): void {
  if (above.some(({ imageId }) => imageId === record.imageId)) {
    throw new RocketError('DEPENDENCY_CYCLE', {
      what: `${record.manifest.name} depends on itself`, why: [...above, record].map(({ manifest }) => manifest.name).join(' → '),
      hint: 'it can never be rendered: one of these images has to be packed anew',
    })
  }
  if (above.length > mostLevels) throw tooMany(above)
}

function tooMany(above: readonly ImageRecord[]): RocketError {
  return new RocketError('DEPENDENCY_LIMIT', {
    what: `the dependencies of ${above[0]?.manifest.name ?? 'the image'} were not all fetched`,
    why: `they are more than ${mostDependencies}, or stand more than ${mostLevels} deep`, hint: 'pack the image with everything it needs',
  })
}

/** Said once, by the image that asked for what failed. */
function becauseOf(error: RocketError, dependency: Dependency, above: readonly ImageRecord[]): RocketError {
  if (error.code.startsWith('DEPENDENCY_') || error.cause instanceof RocketError) return error
  return new RocketError(error.code, {
    what: `${formatImageName({ name: dependency.imageName, labels: dependency.labels })}, which ${above.at(-1)!.manifest.name} depends on, was not fetched`,
    why: error.message, cause: error,
    hint: error.hint ?? 'fetch it by its file or URL first, and then this image with --pull-policy=new',
  })
}
