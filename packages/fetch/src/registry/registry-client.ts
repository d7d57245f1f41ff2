import { ociManifestMediaTypes } from '@rocket/image'
import type { HttpResponse } from '../http/http-client.ts'
import { readBody } from '../http/read-body.ts'
import { createConnection, type Connection, type ConnectionOptions } from './connection.ts'
import { pushBlob, pushManifest, type PushedBlob, type PushedManifest } from './push.ts'
import { statusError } from './status-error.ts'

export interface FetchedManifest {
  bytes: Buffer
  contentType: string | undefined
  /** `Docker-Content-Digest`, as it was said. */
  announcedDigest: string | undefined
}

export interface BlobRequest {
  /** The first byte that is wanted; the answer may begin elsewhere: see its status and Content-Range. */
  fromByte?: number
  signal?: AbortSignal | undefined
}

/** One repository of a registry: what digests and tags stand for there. Nothing that comes from it is verified here. */
export interface RegistryClient {
  /** Where things come from, for messages and records: `HOST[:PORT]/REPOSITORY`. */
  name: string
  /** `what` is a tag or a digest. */
  getManifest(what: string, options?: { signal?: AbortSignal | undefined }): Promise<FetchedManifest>
  /** As `getManifest`; undefined when there is none. */
  findManifest(what: string, options?: { signal?: AbortSignal | undefined }): Promise<FetchedManifest | undefined>
  /** Status 200, 206 or 416; the bytes as they come. */
  getBlob(digest: string, request?: BlobRequest): Promise<HttpResponse>
  hasBlob(digest: string): Promise<boolean>
  /** Sends the bytes unless they are there. `from` is a repository of the same registry that has them already, which saves the transfer. */
  putBlob(blob: PushedBlob): Promise<'sent' | 'there' | 'mounted'>
  /** `what` is a tag, or the digest of `bytes`. */
  putManifest(what: string, bytes: Buffer, mediaType: string): Promise<PushedManifest>
  /** The index of manifests that refer to this one, where the registry keeps one; undefined when it does not know the question. */
  findReferrers(digest: string): Promise<Buffer | undefined>
}

/** A registry may not make us hold more than this: what the distribution spec tells registries to accept. */
export const maxManifestBytes: number = 4 * 1024 * 1024

/**
 * One repository, spoken to through the distribution API: anonymous first, logged in when the registry asks. Throws REGISTRY_UNAUTHORIZED,
 * REGISTRY_NOT_FOUND, REGISTRY_FAILED, INSECURE_TRANSPORT, and what the http client throws. Spec: OCI distribution-spec, "Pull", "Push".
 */
export function createRegistryClient(options: ConnectionOptions): RegistryClient {
  const connection = createConnection(options)
  const accept = ociManifestMediaTypes.join(', ')
  const findManifest: RegistryClient['findManifest'] = async (what, { signal } = {}) => {
    const response = await connection.send(`manifests/${what}`, { headers: { accept }, signal })
    if (response.status === 404) {
      response.discard()
      return undefined
    }
    return readManifest(await expect(connection, response, `manifests/${what}`))
  }
  return {
    name: connection.name,
    findManifest,
    getManifest: async (what, { signal } = {}) => {
      const path = `manifests/${what}`
      return readManifest(await expect(connection, await connection.send(path, { headers: { accept }, signal }), path))
    },
    getBlob: async (digest, { fromByte = 0, signal } = {}) => {
      const headers = { 'accept-encoding': 'identity', ...(fromByte === 0 ? {} : { range: `bytes=${fromByte}-` }) }
      const response = await connection.send(`blobs/${digest}`, { headers, signal })
      const isRanged = fromByte > 0 && (response.status === 206 || response.status === 416)
      return isRanged ? response : expect(connection, response, `blobs/${digest}`)
    },
    hasBlob: async (digest) => {
      const response = await connection.send(`blobs/${digest}`, { method: 'HEAD' })
      response.discard()
      if (response.status === 404) return false
      return (await expect(connection, response, `blobs/${digest}`)).status === 200
    },
    putBlob: (blob) => pushBlob(connection, blob),
    putManifest: (what, bytes, mediaType) => pushManifest(connection, { what, bytes, mediaType }),
    findReferrers: async (digest) => {
      const response = await connection.send(`referrers/${digest}`, { headers: { accept: 'application/vnd.oci.image.index.v1+json' } })
      if (response.status === 200) return readBody(response, maxManifestBytes)
      response.discard()
      return undefined
    },
  }
}

async function readManifest(response: HttpResponse): Promise<FetchedManifest> {
  const bytes = await readBody(response, maxManifestBytes)
  return { bytes, contentType: response.headers['content-type'], announcedDigest: response.headers['docker-content-digest'] }
}

async function expect(connection: Connection, response: HttpResponse, path: string): Promise<HttpResponse> {
  if (response.status === 200) return response
  response.discard()
  throw statusError(response, connection.name, path)
}
