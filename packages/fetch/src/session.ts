import type { ImageRecord, Request } from '@rocket/contracts'
import type { StageContext } from '@rocket/host'
import { loadIngest, type Store } from '@rocket/store'
import { hostPlatform, type Platform } from '@rocket/image'
import type { Judgement, Trust } from '@rocket/trust'
import { configDirectories } from './config/has-configuration.ts'
import type { Credentials } from './config/credentials.ts'
import { loadCredentials } from './config/load-credentials.ts'
import type { HttpClient } from './http/http-client.ts'
import type { Network } from './registry/open-network.ts'

export type StoreWriter = Awaited<ReturnType<typeof loadIngest>>
type Ingest = ReturnType<StoreWriter['openIngest']>

/** What all fetches of one request share. */
export interface Session {
  request: Pick<Request, 'apps' | 'insecure' | 'pullPolicy' | 'platform' | 'trustKeysFromHttps'>
  context: StageContext
  store: Store
  writer: StoreWriter
  ingest: Ingest
  /** Which one of an image that exists for several. */
  platform: Platform
  /** Opened at first use: a file needs no network. */
  network(): Promise<Network>
  http(): Promise<HttpClient>
  credentials(): Credentials
  /** Whom this machine trusts; read at first use. */
  trust(): Promise<Trust>
  close(): Promise<void>
}

export async function openSession(request: Session['request'], store: Store, context: StageContext): Promise<Session> {
  const writer = await loadIngest()
  writer.removeStaleIngests(store)
  const ingest = writer.openIngest(store)
  let network: Promise<Network> | undefined
  let credentials: Credentials | undefined
  const openNetwork = (): Promise<Network> => (network ??= import('./registry/open-network.ts').then((part) => (
    part.openNetwork({ insecure: request.insecure, warn: context.warn })
  )))
  let trust: Promise<Trust> | undefined
  return {
    request, context, store, writer, ingest, platform: request.platform ?? hostPlatform(),
    network: openNetwork,
    http: async () => (await openNetwork()).http,
    credentials: () => (credentials ??= loadCredentials(configDirectories())),
    trust: () => (trust ??= import('@rocket/trust').then(({ openTrust }) => openTrust(configDirectories()))),
    close: async () => {
      ingest.release()
      await network?.then((opened) => opened.close(), () => {})
    },
  }
}

/** An image that is in the store now, and what is to be said of where it came from. */
export interface Imported {
  record: ImageRecord
  /** Why it was taken. */
  judgement: Judgement
  /** As it was asked for: the same image may have other names elsewhere. */
  name: string
  labels: ImageRecord['manifest']['labels']
  /** Where the bytes came from, without credentials. */
  source: string
  /** Asked for without a version. */
  latest: boolean
  /** The server says that nothing changed since the last time: names and times stay as they are. */
  isUnchanged?: boolean
  /** Further references under which it may be looked for. */
  keys?: readonly string[]
  http?: { etag?: string; maxAgeSeconds?: number }
}
