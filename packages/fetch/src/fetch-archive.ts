import { isRocketError, type NameRef } from '@rocket/contracts'
import { findImageRecord, findReferenceRef } from '@rocket/store'
import { checkName } from './discovery/check-name.ts'
import { badStatus } from './http/bad-status.ts'
import type { HttpResponse } from './http/http-client.ts'
import { isLoopbackHost } from './http/redirect-guard.ts'
import { redactUrl } from './http/redact-url.ts'
import { resumeDownload } from './http/resume-download.ts'
import type { ImageName } from './image-name.ts'
import { importAci } from './import-aci.ts'
import type { Imported, Session } from './session.ts'
import { openAciCheck, type AciCheck, type AciSignature } from './verify/aci-check.ts'
import { waivedByOption, wasChecked } from './verify/judgement.ts'
import { signatureAt, signatureOfUrl } from './verify/signature-places.ts'

export interface ArchiveSource {
  /** What it is remembered under. */
  key: string
  url: string
  /** A file with its signature. */
  signature?: string | undefined
  /** When it was asked for by name: what it must call itself, where its signature is, and the page that named the two places. */
  discovered?: { wanted: ImageName; signatureUrl: string; page: string }
}

/**
 * An ACI from a URL. What was downloaded before is asked for only when it has expired, and transferred only when it has changed; what was
 * never checked does not count when checks are on. Throws SIGNATURE_*, IMAGE_NAME_MISMATCH, REGISTRY_*, and what reading an
 * archive throws. Reference: rkt, "HTTP(S)".
 */
export async function fetchArchive(source: ArchiveSource, session: Session): Promise<Imported> {
  try {
    return await fetchOnce(source, session)
  } catch (error) {
    if (!isRocketError(error, 'REGISTRY_CONTENT_CHANGED')) throw error
    session.context.debug(error.message)
    return fetchOnce(source, session)
  }
}

async function fetchOnce(source: ArchiveSource, session: Session): Promise<Imported> {
  const url = new URL(source.url)
  const shown = redactUrl(url)
  const { debug } = session.context
  const wanted = source.discovered?.wanted
  const latest = wanted !== undefined && !wanted.labels.some(({ name }) => name === 'version')
  const known = findReferenceRef(session.store, source.key)?.ref
  const isAskedAsBefore = wanted === undefined || known?.latest === latest
  const mayReuse = known !== undefined && isAskedAsBefore && (session.request.insecure.image || wasChecked(session.store, known.imageId))
  const storedRecord = mayReuse ? findImageRecord(session.store, known.imageId) : undefined
  const stored = known === undefined || storedRecord === undefined ? undefined
    : {
      record: storedRecord, judgement: waivedByOption, name: known.name, labels: known.labels, source: shown, latest: known.latest, isUnchanged: true,
    }
  if (stored !== undefined && wanted !== undefined) checkName(stored.record.manifest, wanted)
  if (stored !== undefined && isFresh(known?.http)) {
    debug(`image for ${shown} isn't expired, not fetching.`)
    return stored
  }
  const openCheck = (): Promise<AciCheck> => openAciCheck(signatureOf(source, session), wanted?.name, session)
  // An image without a signature is not even asked for.
  const check = stored === undefined ? await openCheck() : undefined
  debug(`remote fetching from URL ${JSON.stringify(shown)}`)
  if (session.request.insecure.tls) session.context.warn('warning: TLS verification has been disabled')
  const etag = stored === undefined ? undefined : known?.http?.etag
  const http = await session.http()
  const authorization = url.protocol === 'https:' || isLoopbackHost(url.hostname) ? session.credentials().domains.get(url.host) : undefined
  const headers = { 'accept-encoding': 'identity' }
  const request = { headers, authorization, namedBy: source.discovered?.page }
  const response = await http.get(source.url, { ...request, headers: { ...headers, ...(etag === undefined ? {} : { 'if-none-match': etag }) } })
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
  const transfer = resumeDownload(http, source.url, { request, first: response, debug })
  const { record, judgement } = await importAci(transfer, session, {
    source: shown, from: 'server', check: check ?? await openCheck(), wanted, ...(Number.isSafeInteger(totalBytes) ? { totalBytes } : {}),
  })
  const { name, labels } = record.manifest
  return { record, judgement, name, labels, source: shown, latest, http: cacheOf(response) }
}

function signatureOf({ url, signature, discovered }: ArchiveSource, session: Session): AciSignature {
  return discovered === undefined || signature !== undefined ? signatureOfUrl(new URL(url), signature, session)
    : signatureAt(new URL(discovered.signatureUrl), session, discovered.page)
}

function isFresh(http: NameRef['http']): boolean {
  return http?.maxAgeSeconds !== undefined && Date.parse(http.downloadedAt) + http.maxAgeSeconds * 1000 > Date.now()
}

/** What the server said about keeping the answer. */
function cacheOf(response: HttpResponse): NonNullable<Imported['http']> {
  const control = response.headers['cache-control'] ?? ''
  const maxAge = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(control)?.[1]
  const { etag } = response.headers
  const mayKeep = !/no-(store|cache)/i.test(control)
  return { ...(etag === undefined ? {} : { etag }), ...(maxAge === undefined || !mayKeep ? {} : { maxAgeSeconds: Number(maxAge) }) }
}
