import { RocketError } from '@rocket/contracts'
import type { HttpResponse } from '../http/http-client.ts'
import type { Connection } from './connection.ts'

export interface PushedBlob {
  digest: string
  sizeBytes: number
  /** Called for each attempt. */
  open(): AsyncIterable<Buffer>
  /** A repository of the same registry that has it. */
  from?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * A blob in one request, after asking whether it is there. The registry checks the digest. Throws REGISTRY_FAILED, REGISTRY_UNAUTHORIZED
 * and what the connection throws; nothing is visible then. Spec: OCI distribution-spec, "Pushing blobs", "Mounting a blob from another
 * repository".
 */
export async function pushBlob(connection: Connection, blob: PushedBlob): Promise<'sent' | 'there' | 'mounted'> {
  const { digest, sizeBytes, signal } = blob
  const there = await connection.send(`blobs/${digest}`, { method: 'HEAD', access: 'pull,push', signal })
  there.discard()
  if (there.status === 200) return 'there'
  const query = blob.from === undefined ? '' : `?${new URLSearchParams({ mount: digest, from: blob.from })}`
  const begun = await connection.send(`blobs/uploads/${query}`, { method: 'POST', access: 'pull,push', signal })
  begun.discard()
  if (begun.status === 201) return 'mounted'
  if (begun.status !== 202) throw pushError(connection, begun, `blob ${digest}`)
  const url = connection.locate(begun.headers['location'])
  url.searchParams.set('digest', digest)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes) }
  const sent = await connection.send(url, { method: 'PUT', headers, body: () => blob.open(), access: 'pull,push', signal })
  sent.discard()
  if (sent.status !== 201) throw pushError(connection, sent, `blob ${digest}`)
  return 'sent'
}

export interface PushedManifest {
  /** The registry keeps a list of what refers to an image, and has put this manifest on it. */
  knowsSubject: boolean
}

/** Its blobs are there. Throws REGISTRY_FAILED, REGISTRY_UNAUTHORIZED. Spec: OCI distribution-spec, "Pushing Manifests". */
export async function pushManifest(
  connection: Connection, { what, bytes, mediaType }: { what: string; bytes: Buffer; mediaType: string },
): Promise<PushedManifest> {
  const response = await connection.send(`manifests/${what}`, {
    method: 'PUT', headers: { 'content-type': mediaType, 'content-length': String(bytes.length) }, body: () => bytes, access: 'pull,push',
  })
  response.discard()
  if (response.status !== 201) throw pushError(connection, response, `manifest ${what}`)
  return { knowsSubject: response.headers['oci-subject'] !== undefined }
}

function pushError({ name }: Connection, { status }: HttpResponse, what: string): RocketError {
  const isDenied = status === 401 || status === 403
  return new RocketError(isDenied ? 'REGISTRY_UNAUTHORIZED' : 'REGISTRY_FAILED', {
    what: `the ${what} was not stored in ${name}`, why: `bad HTTP status code: ${status}`,
    hint: isDenied ? 'the configured credentials do not allow to write there' : 'it may pass: try again later',
  })
}
