import { RocketError, type NameRef } from '@rocket/contracts'
import { findImageRecord, findReferenceRef } from '@rocket/store'
import type { HttpResponse } from './http/http-client.ts'
import { isLoopbackHost } from './http/redirect-guard.ts'
import { redactUrl } from './http/redact-url.ts'
import { importAci } from './import-aci.ts'
import { requireWaiver, type Imported, type Session } from './session.ts'

/**
 * An ACI from a URL. What was downloaded before is asked for only when it has expired, and transferred only when it has changed.
 * Throws SIGNATURE_REQUIRED, REGISTRY_*, and what reading an archive throws. Reference: rkt, "HTTP(S)".
 */
export async function fetchArchive(source: { key: string; url: string }, session: Session): Promise<Imported> {
  const url = new URL(source.url)
  const shown = redactUrl(url)
  const { debug } = session.context
  const known = findReferenceRef(session.store, source.key)?.ref
  const storedRecord = known === undefined ? undefined : findImageRecord(session.store, known.imageId)
  const stored = known === undefined || storedRecord === undefined ? undefined
    : { record: storedRecord, name: known.name, labels: known.labels, source: shown, latest: known.latest, isUnchanged: true }
  if (stored !== undefined && isFresh(known?.http)) {
    debug(`image for ${shown} isn't expired, not fetching.`)
    return stored
  }
  const requireSignature = (): void => requireWaiver(session, {
    what: 'error downloading the signature file', why: 'checking signatures is not part of this release yet',
    hint: '--insecure-options=image takes the image without a check',
  })
  if (stored === undefined) requireSignature()
  debug(`remote fetching from URL ${JSON.stringify(shown)}`)
  if (session.request.insecure.tls) session.context.warn('warning: TLS verification has been disabled')
  const etag = stored === undefined ? undefined : known?.http?.etag
  const response = await (await session.http()).get(source.url, {
    headers: { 'accept-encoding': 'identity', ...(etag === undefined ? {} : { 'if-none-match': etag }) },
    authorization: url.protocol === 'https:' || isLoopbackHost(url.hostname) ? session.credentials().domains.get(url.host) : undefined,
  })
  if (response.status === 304 && stored !== undefined) {
    response.discard()
    return stored
  }
  if (response.status !== 200) {
    response.discard()
    throw badStatus(response)
  }
  requireSignature()
  debug(`fetching image from ${shown}`)
  const totalBytes = Number(response.headers['content-length'] ?? Number.NaN)
  const record = await importAci(response.body, session, {
    source: shown, from: 'server', ...(Number.isSafeInteger(totalBytes) ? { totalBytes } : {}),
  })
  const { name, labels } = record.manifest
  return { record, name, labels, source: shown, latest: false, http: cacheOf(response) }
}

function isFresh(http: NameRef['http']): boolean {
  return http?.maxAgeSeconds !== undefined && Date.parse(http.downloadedAt) + http.maxAgeSeconds * 1000 > Date.now()
}

function badStatus(response: HttpResponse): RocketError {
  const isRefused = response.status === 401 || response.status === 403
  const code = isRefused ? 'REGISTRY_UNAUTHORIZED' : response.status === 404 ? 'REGISTRY_NOT_FOUND' : 'REGISTRY_FAILED'
  return new RocketError(code, {
    what: `${response.from} was not received`, why: `bad HTTP status code: ${response.status}`,
    ...(isRefused ? { hint: 'credentials are files of kind auth in /etc/rkt/auth.d, sent over https only' } : {}),
  })
}

/** What the server said about keeping the answer. */
function cacheOf(response: HttpResponse): NonNullable<Imported['http']> {
  const control = response.headers['cache-control'] ?? ''
  const maxAge = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(control)?.[1]
  const { etag } = response.headers
  const mayKeep = !/no-(store|cache)/i.test(control)
  return { ...(etag === undefined ? {} : { etag }), ...(maxAge === undefined || !mayKeep ? {} : { maxAgeSeconds: Number(maxAge) }) }
}
