import { isRocketError, RocketError, type NameRef } from '@rocket/contracts'
import { findImageRecord, findReferenceRef } from '@rocket/store'
import type { HttpResponse } from './http/http-client.ts'
import { isLoopbackHost } from './http/redirect-guard.ts'
import { redactUrl } from './http/redact-url.ts'
import { resumeDownload } from './http/resume-download.ts'
import { importAci } from './import-aci.ts'
import type { Imported, Session } from './session.ts'
import { openAciCheck, type AciCheck } from './verify/aci-check.ts'
import { waivedByOption, wasChecked } from './verify/judgement.ts'
import { signatureOfUrl } from './verify/signature-places.ts'

export interface ArchiveReference {
  key: string
  url: string
  signature?: string | undefined
}

/**
 * An ACI from a URL. What was downloaded before is asked for only when it has expired, and transferred only when it has changed; what was
 * never checked does not count when checks are on. Throws SIGNATURE_*, REGISTRY_*, and what reading an archive throws. Reference: rkt, "HTTP(S)".
 */
export async function fetchArchive(source: ArchiveReference, session: Session): Promise<Imported> {
  try {
    return await fetchOnce(source, session)
  } catch (error) {
    if (!isRocketError(error, 'REGISTRY_CONTENT_CHANGED')) throw error
    session.context.debug(error.message)
    return fetchOnce(source, session)
  }
}

async function fetchOnce(source: ArchiveReference, session: Session): Promise<Imported> {
  const url = new URL(source.url)
  const shown = redactUrl(url)
  const { debug } = session.context
  const known = findReferenceRef(session.store, source.key)?.ref
  const mayReuse = known !== undefined && (session.request.insecure.image || wasChecked(session.store, known.imageId))
  const storedRecord = mayReuse ? findImageRecord(session.store, known.imageId) : undefined
  const stored = known === undefined || storedRecord === undefined ? undefined
    : {
      record: storedRecord, judgement: waivedByOption, name: known.name, labels: known.labels, source: shown, latest: known.latest, isUnchanged: true,
    }
  if (stored !== undefined && isFresh(known?.http)) {
    debug(`image for ${shown} isn't expired, not fetching.`)
    return stored
  }
  const openCheck = (): Promise<AciCheck> => openAciCheck(signatureOfUrl(url, source.signature, session), session)
  // An image without a signature is not even asked for.
  const check = stored === undefined ? await openCheck() : undefined
  debug(`remote fetching from URL ${JSON.stringify(shown)}`)
  if (session.request.insecure.tls) session.context.warn('warning: TLS verification has been disabled')
  const etag = stored === undefined ? undefined : known?.http?.etag
  const http = await session.http()
  const authorization = url.protocol === 'https:' || isLoopbackHost(url.hostname) ? session.credentials().domains.get(url.host) : undefined
  const headers = { 'accept-encoding': 'identity' }
  const response = await http.get(source.url, { headers: { ...headers, ...(etag === undefined ? {} : { 'if-none-match': etag }) }, authorization })
  if (response.status === 304 && stored !== undefined) {
    response.discard()
    return stored
  }
  if (response.status !== 200) {
    response.discard()
    throw badStatus(response)
  }
  debug(`fetching image from ${shown}`)
  const totalBytes = Number(response.headers['content-length'] ?? Number.NaN)
  const transfer = resumeDownload(http, source.url, { request: { headers, authorization }, first: response, debug })
  const { record, judgement } = await importAci(transfer, session, {
    source: shown, from: 'server', check: check ?? await openCheck(), ...(Number.isSafeInteger(totalBytes) ? { totalBytes } : {}),
  })
  const { name, labels } = record.manifest
  return { record, judgement, name, labels, source: shown, latest: false, http: cacheOf(response) }
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
