import { isRocketError, isUnreadable, RocketError, type ImageRecord, type NameRef, type Request } from '@rocket/contracts'
import { findImageByName, findImageIdByPrefix, findImageRecord, findReferenceRef, type Ref, type Store } from '@rocket/store'
import { classifyReference, type Reference } from './classify-reference.ts'
import { additionalStores } from './config/additional-stores.ts'
import { configDirectories, hasConfiguration } from './config/has-configuration.ts'
import { formatDockerReference } from './docker-reference.ts'
import { fileState } from './file-state.ts'
import { formatImageName, withHostLabels } from './image-name.ts'

/** What one reference of the request needs: an image of the store, or a source to read. Prints as JSON. */
export type PlannedImage =
  /** `elsewhere`: the additional store that has it; it is taken into use from there. */
  | { from: 'store'; reference: string; imageId: string; name: string; message: string; elsewhere?: string }
  | { from: 'source'; reference: string; source: Exclude<Reference, { kind: 'id' }> }

type NameReference = Extract<Reference, { kind: 'name' }>

export interface FetchPlan {
  images: PlannedImage[]
}

/**
 * Looks at the store, not at the network. Policy `new` asks the store first, `never` only, `update` not at all. A file and a layout are
 * always read, unless the file is the very one that was read last time and needs no signature. Throws IMAGE_NOT_FOUND,
 * IMAGE_REFERENCE_INVALID, IMAGE_ID_INVALID, SIGNATURE_REQUIRED. Reference: rkt, "Pull policies".
 */
export function planFetch(request: Pick<Request, 'apps' | 'pullPolicy' | 'insecure' | 'platform'>, store: Store): FetchPlan {
  const additional = request.pullPolicy !== 'update' && hasConfiguration('store.d') ? additionalStores(configDirectories()) : []
  return { images: request.apps.map(({ reference }) => planInStores(reference, request, [store, ...additional])) }
}

/** Our own store first, then the others, as if they were all there is; where it comes from otherwise is our own store's affair. */
function planInStores(reference: string, request: Pick<Request, 'pullPolicy' | 'insecure' | 'platform'>, [own, ...others]: Store[]): PlannedImage {
  if (own === undefined || others.length === 0) return planImage(reference, request, own!)
  for (const store of [own, ...others]) {
    const planned = planIfThere(reference, request, store)
    if (planned?.from === 'store') return store === own ? planned : { ...planned, elsewhere: store.directory }
  }
  return planImage(reference, request, own)
}

function planIfThere(reference: string, request: Pick<Request, 'insecure' | 'platform'>, store: Store): PlannedImage | undefined {
  try {
    return planImage(reference, { ...request, pullPolicy: 'never' }, store)
  } catch (error) {
    if (isRocketError(error, 'IMAGE_NOT_FOUND') || isRocketError(error, 'IMAGE_ID_INVALID')) return undefined
    throw error
  }
}

function planImage(reference: string, request: Pick<Request, 'pullPolicy' | 'insecure' | 'platform'>, store: Store): PlannedImage {
  const source = forPlatform(classifyReference(reference), request.platform)
  switch (source.kind) {
    case 'id': {
      const imageId = findImageIdByPrefix(store, source.text)
      return stored(store, reference, { imageId }, `using image from the store with hash ${imageId}`) ?? notFound('image name', reference)
    }
    case 'name': return planName(source, reference, request, store)
    case 'file': case 'oci-layout': case 'archive': {
      const { path, state } = placeOf(source)
      const message = `using image from file ${path}`
      const known = request.insecure.image ? unchangedSince(store, source.key, state) : undefined
      return (known === undefined ? undefined : stored(store, reference, known, message)) ?? { from: 'source', reference, source }
    }
    case 'url': case 'docker': {
      if (request.pullPolicy === 'update') return { from: 'source', reference, source }
      const found = findReferenceRef(store, source.key) ?? findUnderFullName(store, source)
      const image = found === undefined ? undefined : stored(
        store, reference, found.ref, `using image from local store for url ${source.key}`,
      )
      if (image !== undefined) return image
      if (request.pullPolicy === 'new') return { from: 'source', reference, source }
      return source.kind === 'docker' ? notFound('docker image', source.key) : notFound('image', source.key)
    }
  }
}

function planName(source: NameReference, reference: string, request: Pick<Request, 'pullPolicy'>, store: Store): PlannedImage {
  if (request.pullPolicy === 'update') return { from: 'source', reference, source }
  const found = findImageByName(store, source.image.name, withHostLabels(source.image.labels))
  const image = found === undefined ? undefined : stored(
    store, reference, found.ref, `using image from local store for image name ${reference}`,
  )
  if (image !== undefined) return image
  return request.pullPolicy === 'new' ? { from: 'source', reference, source } : notFound('image name', reference)
}

/**
 * The same for a dependency: what a manifest names by its ID is that image wherever it comes from, so one in the store serves under every
 * policy. Throws IMAGE_NOT_FOUND.
 */
export function planDependency(
  { imageName, labels, imageId }: ImageRecord['manifest']['dependencies'][number], request: Pick<Request, 'pullPolicy'>, store: Store,
): PlannedImage {
  const image = { name: imageName, labels }
  const reference = formatImageName(image)
  const source: NameReference = { kind: 'name', key: `name:${reference}`, image }
  const [known] = /^sha512-[0-9a-f]{64}/.exec(imageId ?? '') ?? []
  if (known === undefined) return planName(source, reference, request, store)
  const found = stored(store, reference, { imageId: known }, `using image from the store with hash ${known}`)
  return found ?? (request.pullPolicy === 'never' ? notFound('image name', reference) : { from: 'source', reference, source })
}

/** Where a local source lies, and the file of it that changes with it. */
export function placeOf(source: Extract<Reference, { kind: 'file' | 'oci-layout' | 'archive' }>): { path: string; state: string } {
  switch (source.kind) {
    case 'file': return { path: source.path, state: source.path }
    case 'oci-layout': return { path: source.directory, state: `${source.directory}/index.json` }
    case 'archive': {
      const { transport, path } = source.archive
      return { path, state: transport === 'dir' ? `${path}/manifest.json` : path }
    }
  }
}

/** One image for several platforms is as many images: each has a reference of its own. */
function forPlatform(source: Reference, platform: Request['platform']): Reference {
  if (platform === undefined || (source.kind !== 'docker' && source.kind !== 'oci-layout' && source.kind !== 'archive')) return source
  const { os, architecture, variant } = platform
  return { ...source, key: `${source.key} for ${os}/${architecture}${variant === undefined ? '' : `/${variant}`}` }
}

/** A name without a host and the same one at docker's registry are one image, unless the configuration may say otherwise. */
function findUnderFullName(store: Store, source: Reference): Ref | undefined {
  if (source.kind !== 'docker' || source.docker.shortName === undefined || hasConfiguration('registries.d')) return undefined
  const { shortName, ...full } = source.docker
  return findReferenceRef(store, source.key.replace(formatDockerReference(source.docker), formatDockerReference(full)))
}

function stored(store: Store, reference: string, ref: { imageId: string; name?: string }, message: string): PlannedImage | undefined {
  const record = readRecord(store, ref.imageId)
  return record === undefined ? undefined : {
    from: 'store', reference, imageId: ref.imageId, name: ref.name ?? record.manifest.name, message,
  }
}

/** A record of another release counts as none: the image is fetched again. */
function readRecord(store: Store, imageId: string): ImageRecord | undefined {
  try {
    return findImageRecord(store, imageId)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

function unchangedSince(store: Store, key: string, path: string): NameRef | undefined {
  const ref = findReferenceRef(store, key)?.ref
  return ref?.http?.etag !== undefined && ref.http.etag === fileState(path) ? ref : undefined
}

const nowhere = 'either image was not found in the store or store was disabled and fetching from remote yielded nothing or it was disabled'

function notFound(what: 'image name' | 'image' | 'docker image', reference: string): never {
  const from = what === 'image name' ? 'image from image name' : `${what} from URL`
  throw new RocketError('IMAGE_NOT_FOUND', {
    what: `unable to fetch ${from} ${JSON.stringify(reference)}: ${nowhere}`,
    hint: what === 'image name' ? '`rkt image list` shows what is there; name a file, a URL or docker://… to get it from elsewhere'
      : 'leave --pull-policy=never away to get it from where it is',
  })
}
