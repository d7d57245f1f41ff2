import { RocketError, type OciDescriptor, type OciIndex } from '@rocket/contracts'
import {
  largestManifestBytes, parseManifestOrIndex, pickPlatform, type CopiedDocument, type CopiedReferrer, type CopyPlan, type ImageSource, type Platform,
} from '@rocket/image'

export interface CopyOptions {
  /** Of an index: one platform, or all that it lists. */
  platform: Platform | 'all'
  /** Whether an index comes along whole when only one of its images does: a layout may lack blobs, a registry may not. */
  keepsIndex: boolean
  /** Signatures, attestations, and whatever else is about the image. */
  referrers: boolean
}

export interface PlannedCopy extends CopyPlan {
  /** What the user should know: referrers that could not come along. */
  warnings: string[]
}

const deepestIndex = 4
const deepestReferrer = 4
const mostDocuments = 2000

/**
 * Reads every manifest that a copy needs, and nothing larger: after this it is known what will be copied, and how much. Throws
 * PLATFORM_NOT_FOUND, IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS, and what the source throws.
 */
export async function planCopy(source: ImageSource, options: CopyOptions): Promise<PlannedCopy> {
  const documents = new Map<string, CopiedDocument>()
  const blobs = new Map<string, OciDescriptor>()
  const referrers = new Map<string, CopiedReferrer>()
  const warnings: string[] = []

  const read = async (descriptor: OciDescriptor): Promise<CopiedDocument> => {
    if (documents.size + referrers.size >= mostDocuments) throw tooMany(source)
    return { descriptor, bytes: await source.readDocument(descriptor, largestManifestBytes) }
  }
  const addBlobs = (manifest: { config: OciDescriptor; layers: readonly OciDescriptor[] }): void => {
    for (const blob of [manifest.config, ...manifest.layers]) if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob)
  }
  /** Returns what stands for the descriptor in the copy: itself, or the image chosen from it. */
  const take = async (descriptor: OciDescriptor, depth: number): Promise<CopiedDocument> => {
    const known = documents.get(descriptor.digest)
    if (known !== undefined) return known
    const document = await read(descriptor)
    const parsed = parseManifestOrIndex(document.bytes, descriptor.mediaType)
    if (parsed.kind === 'manifest') addBlobs(parsed.manifest)
    else {
      if (depth === deepestIndex) throw tooDeep(source)
      const chosen = chooseFrom(parsed.index, options)
      if (!options.keepsIndex && options.platform !== 'all') {
        if (options.referrers && (await source.findReferrers(descriptor.digest)).length > 0) warnings.push(leftBehind(descriptor))
        return take(chosen[0]!, depth + 1)
      }
      for (const child of chosen) await take(child, depth + 1)
    }
    documents.set(descriptor.digest, document)
    return document
  }
  const takeReferrers = async (about: string, depth: number): Promise<void> => {
    for (const { descriptor, tag } of await source.findReferrers(about)) {
      const key = tag ?? descriptor.digest
      if (referrers.has(key) || documents.has(descriptor.digest)) continue
      if (depth === deepestReferrer) throw tooDeep(source)
      const document = await read(descriptor)
      referrers.set(key, { ...document, about, ...(tag === undefined ? {} : { tag }) })
      const parsed = parseManifestOrIndex(document.bytes, descriptor.mediaType)
      if (parsed.kind === 'manifest') addBlobs(parsed.manifest)
      await takeReferrers(descriptor.digest, depth + 1)
    }
  }

  const root = await take(source.root, 0)
  if (options.referrers) for (const digest of [...documents.keys()]) await takeReferrers(digest, 0)
  const children = [...documents.values()].filter((document) => document !== root)
  return { root, children, referrers: [...referrers.values()], blobs: [...blobs.values()], warnings }
}

/** The image of the platform, and beside it what the index attaches to that very image in docker's way. */
function chooseFrom(index: OciIndex, { platform, keepsIndex, referrers }: CopyOptions): OciDescriptor[] {
  if (platform === 'all') return index.manifests
  const chosen = pickPlatform(index, platform)
  if (!keepsIndex || !referrers) return [chosen]
  return [chosen, ...index.manifests.filter(({ annotations }) => annotations?.['vnd.docker.reference.digest'] === chosen.digest)]
}

function leftBehind({ digest }: OciDescriptor): string {
  return `signatures of the index ${digest} were not copied: they say nothing of the image of one platform; --all copies the index and them`
}

function tooDeep(source: ImageSource): RocketError {
  return new RocketError('IMAGE_DOCUMENT_INVALID', {
    what: `the image of ${source.name} was not copied`, why: `its indexes or referrers are nested more than ${deepestIndex} deep`,
  })
}

function tooMany(source: ImageSource): RocketError {
  return new RocketError('IMAGE_DOCUMENT_INVALID', { what: `the image of ${source.name} was not copied`, why: `it has more than ${mostDocuments} manifests` })
}
