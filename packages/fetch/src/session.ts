import { RocketError, type ImageRecord, type Request } from '@rocket/contracts'
import type { StageContext } from '@rocket/host'
import { loadIngest, type Store } from '@rocket/store'
import { configDirectories, loadCredentials } from './config/load-credentials.ts'
import type { Credentials } from './config/credentials.ts'
import type { HttpClient } from './http/http-client.ts'

export type StoreWriter = Awaited<ReturnType<typeof loadIngest>>
type Ingest = ReturnType<StoreWriter['openIngest']>

/** What all fetches of one request share. */
export interface Session {
  request: Pick<Request, 'insecure' | 'pullPolicy'>
  context: StageContext
  store: Store
  writer: StoreWriter
  ingest: Ingest
  /** Made at first use: a file needs no network. */
  http(): Promise<HttpClient>
  credentials(): Credentials
  close(): Promise<void>
}

export async function openSession(request: Session['request'], store: Store, context: StageContext): Promise<Session> {
  const writer = await loadIngest()
  writer.removeStaleIngests(store)
  const ingest = writer.openIngest(store)
  let http: Promise<HttpClient> | undefined
  let credentials: Credentials | undefined
  return {
    request, context, store, writer, ingest,
    http: () => (http ??= import('./http/http-client.ts').then(({ createHttpClient }) => (
      createHttpClient({ allowHttp: request.insecure.http, skipTlsVerify: request.insecure.tls })
    ))),
    credentials: () => (credentials ??= loadCredentials(configDirectories())),
    close: async () => {
      ingest.release()
      await (await http)?.close()
    },
  }
}

/** An image that is in the store now, and what is to be said of where it came from. */
export interface Imported {
  record: ImageRecord
  /** As it was asked for: the same image may have other names elsewhere. */
  name: string
  labels: ImageRecord['manifest']['labels']
  /** Where the bytes came from, without credentials. */
  source: string
  /** Asked for without a version. */
  latest: boolean
  /** The server says that nothing changed since the last time: names and times stay as they are. */
  isUnchanged?: boolean
  http?: { etag?: string; maxAgeSeconds?: number }
}

/** Refuses what is not signed, unless it was said that signatures do not matter. */
export function requireWaiver(session: Session, refusal: { what: string; why?: string; hint?: string; cause?: unknown }): void {
  if (!session.request.insecure.image) throw new RocketError('SIGNATURE_REQUIRED', refusal)
}
