import { isRocketError, type RocketError } from '@rocket/contracts'
import { readBody } from '../http/read-body.ts'
import { verifyBytes } from '../oci/verify-bytes.ts'
import { createBlobReader, type BlobReader } from './read-blob.ts'
import type { FetchedManifest, RegistryClient } from './registry-client.ts'

export interface Place {
  client: RegistryClient
  /** Believed about tags. */
  tags: boolean
}

/** One image, wherever the configuration says it may be found: mirrors in their order, the registry last. */
export interface RegistryImage {
  /** Of the registry itself. */
  name: string
  places: readonly Place[]
  /** By a tag, from those that are believed about tags; by a digest from anyone, and verified. */
  getManifest(what: string): Promise<FetchedManifest>
  /** A blob that fits memory, verified. */
  getSmallBlob(expected: { digest: string; size: number }, what: string, maxBytes: number): Promise<Buffer>
  /** A blob as it comes; its digest is for the caller to check. */
  readBlob(blob: { digest: string; size: number }): BlobReader
}

/** What a mirror does wrong is told to `debug`, and the next place is asked; what the last one does wrong is thrown. */
export function openRegistryImage(places: readonly Place[], debug: (message: string) => void): RegistryImage {
  const unreachable = new Set<RegistryClient>()
  const passOver = (client: RegistryClient, error: RocketError): void => {
    debug(`the mirror ${client.name} is passed over: ${error.message}`)
    // To wait for it once is enough.
    if (error.code === 'REGISTRY_UNREACHABLE' || error.code === 'REGISTRY_STALLED') unreachable.add(client)
  }
  const clientsOf = (from: readonly Place[]): RegistryClient[] => {
    const clients = from.map(({ client }) => client)
    return clients.filter((client, index) => index === clients.length - 1 || !unreachable.has(client))
  }
  const firstOf = async <T>(from: readonly Place[], work: (client: RegistryClient) => Promise<T>): Promise<T> => {
    const clients = clientsOf(from)
    for (const client of clients.slice(0, -1)) {
      try {
        return await work(client)
      } catch (error) {
        if (!isRocketError(error)) throw error
        passOver(client, error)
      }
    }
    return work(clients.at(-1)!)
  }
  return {
    name: places.at(-1)!.client.name,
    places,
    readBlob: (blob) => createBlobReader(clientsOf(places), blob, { debug, passOver }),
    getManifest: (what) => {
      if (!what.includes(':')) return firstOf(places.filter(({ tags }) => tags), (client) => client.getManifest(what))
      return firstOf(places, async (client) => {
        const manifest = await client.getManifest(what)
        verifyBytes(manifest.bytes, { digest: what }, 'the manifest')
        return manifest
      })
    },
    getSmallBlob: (expected, what, maxBytes) => firstOf(places, async (client) => {
      const bytes = await readBody(await client.getBlob(expected.digest), maxBytes)
      verifyBytes(bytes, expected, what)
      return bytes
    }),
  }
}
