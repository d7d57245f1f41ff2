import { RocketError, scanJson, type OciDescriptor, type OciImageConfig, type OciIndex, type OciManifest } from '@rocket/contracts'
import * as schemas from '@rocket/contracts/schemas'
import { digestOf } from '@rocket/host'

/** What registries accept at most, and so what we read. Spec: OCI distribution-spec, "Pushing Manifests". */
export const largestManifestBytes: number = 4 << 20
export const largestConfigBytes: number = 8 << 20

export type OciDocument =
  | { kind: 'manifest'; mediaType: string; digest: string; manifest: OciManifest }
  | { kind: 'index'; mediaType: string; digest: string; index: OciIndex }

const manifestTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json']
const indexTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']
/** What servers say when they do not know. */
const silentTypes = ['application/json', 'application/octet-stream', 'text/plain', 'binary/octet-stream']

/** For an Accept header, or to know what is meant. */
export const ociManifestMediaTypes: readonly string[] = [...manifestTypes, ...indexTypes]

/**
 * The document that these very bytes are; `mediaType` is what came with them (Content-Type or descriptor). A document that could be read
 * as both kinds, contradicts its media type, or gives a key twice is refused: another reader would see another image (GO-2022-0360).
 * `digest` is sha256 of the bytes. Throws IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS.
 */
export function parseManifestOrIndex(bytes: Uint8Array, mediaType?: string): OciDocument {
  const what = 'the image manifest'
  const value = parseStrictJson(bytes, what, largestManifestBytes)
  const keys = new Set(Object.keys(value).map((key) => key.toLowerCase()))
  const isIndex = keys.has('manifests')
  const isManifest = keys.has('layers') || keys.has('config') || keys.has('fslayers')
  if (isIndex && isManifest) throw ambiguous(what, 'it is a manifest and an index at once')
  if (value['schemaVersion'] === 1 || keys.has('fslayers')) throw invalid(what, 'it is of schema 1, which is no longer supported')
  if (!isIndex && !isManifest) throw invalid(what, 'it is neither a manifest nor an index')
  const allowed = isIndex ? indexTypes : manifestTypes
  const claims = [announcedType(mediaType), value['mediaType']].filter((claim) => claim !== undefined)
  for (const claim of claims) {
    if (!allowed.includes(claim as string)) {
      throw ambiguous(what, `it is ${isIndex ? 'an index' : 'a manifest'} and says that it is ${JSON.stringify(claim).slice(0, 100)}`)
    }
  }
  if (claims.length === 2 && claims[0] !== claims[1])
    throw ambiguous(what, `it came as ${String(claims[0])} and says that it is ${String(claims[1])}`)
  const common = { mediaType: (claims[0] ?? allowed[0]) as string, digest: `sha256:${digestOf('sha256', bytes)}` }
  if (isIndex) return { kind: 'index', ...common, index: parseWith(schemas.OciIndex, value, what) }
  return { kind: 'manifest', ...common, manifest: parseWith(schemas.OciManifest, value, what) }
}

/** Throws IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS. */
export function parseImageConfig(bytes: Uint8Array): OciImageConfig {
  const what = 'the image configuration'
  return parseWith(schemas.OciImageConfig, parseStrictJson(bytes, what, largestConfigBytes), what)
}

const configTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json']
const layerType =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(foreign\.)?diff\.tar)([.+](gzip|zstd))?$/

/** That a manifest is of an image that can be run, and not of something else that is kept in registries. Throws IMAGE_DOCUMENT_INVALID. */
export function checkIsImage(manifest: OciManifest): void {
  const { config } = manifest
  if (!configTypes.includes(config.mediaType)) {
    throw invalid('the image', `its configuration is of type ${JSON.stringify(manifest.artifactType ?? config.mediaType)}`)
  }
  const odd = manifest.layers.find((layer) => !layerType.test(layer.mediaType))
  if (odd !== undefined) throw invalid(`the layer ${odd.digest} cannot be unpacked`, `it is of type ${JSON.stringify(odd.mediaType)}`)
}

/** Each layer with the diff ID that its tar must have. Throws IMAGE_DOCUMENT_INVALID. */
export function pairLayers(manifest: OciManifest, config: OciImageConfig): { layer: OciDescriptor; diffId: string }[] {
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== manifest.layers.length) {
    throw invalid(
      'the image configuration does not belong to the manifest',
      `it lists ${diffIds.length} layers, the manifest ${manifest.layers.length}`,
    )
  }
  return manifest.layers.map((layer, index) => ({ layer, diffId: diffIds[index]! }))
}

function announcedType(mediaType: string | undefined): string | undefined {
  const type = mediaType?.split(';')[0]!.trim().toLowerCase()
  return type === undefined || type === '' || silentTypes.includes(type) ? undefined : type
}

function parseStrictJson(bytes: Uint8Array, what: string, mostBytes: number): Record<string, unknown> {
  if (bytes.length > mostBytes) throw invalid(what, `it has ${bytes.length} bytes, at most ${mostBytes} are accepted`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw invalid(what, 'it is not UTF-8', cause)
  }
  const { fault, repeated, reserved } = scanJson(text)
  if (fault !== undefined) throw invalid(what, `it is not JSON: ${fault.why} at byte ${fault.offset}`)
  if (repeated !== undefined) throw ambiguous(what, `the key ${JSON.stringify(repeated.key.slice(0, 100))} is given twice`)
  if (reserved !== undefined) throw ambiguous(what, `the key ${JSON.stringify(reserved.key)} is not allowed`)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, 'it is not an object')
  return value as Record<string, unknown>
}

function parseWith<T>(schema: { safeParse(value: unknown): ParseResult<T> }, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(
    what,
    result.error.issues
      .slice(0, 20)
      .map(({ path, message }) => `/${path.join('/')}: ${message}`)
      .join('; '),
  )
}

type ParseResult<T> = { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } }

function invalid(what: string, why: string, cause?: unknown): RocketError {
  return new RocketError('IMAGE_DOCUMENT_INVALID', { what: `${what} was refused`, why, hint: 'fetch or copy the image again', cause })
}

function ambiguous(what: string, why: string): RocketError {
  return new RocketError('IMAGE_DOCUMENT_AMBIGUOUS', { what: `${what} was refused`, why, hint: 'do not trust where it came from' })
}
