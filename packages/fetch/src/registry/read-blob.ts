import { isRocketError, type RocketError } from '@rocket/contracts'
import { readOnward } from '../http/read-onward.ts'
import type { RegistryClient } from './registry-client.ts'

export interface BlobReader {
  /** From a byte on; from the first place that serves it, and on from the next one when it stops. */
  open(fromByte: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined>
  /** The bytes did not have their digest: whether another attempt may do better, as they came from a mirror or in several pieces. */
  mayTryAgain(): boolean
}

/** A connection that breaks each time, with a rest that never fits, is a server playing with us. */
const maxRestarts = 2

interface BlobEvents {
  debug(message: string): void
  /** A mirror did something wrong, and the next place is asked. */
  passOver(client: RegistryClient, error: RocketError): void
}

/** One blob, from the places that may have it, the registry itself last. */
export function createBlobReader(
  clients: readonly RegistryClient[], { digest, size }: { digest: string; size: number }, { debug, passOver }: BlobEvents,
): BlobReader {
  let places = [...clients]
  const contributors = new Set<RegistryClient>()
  let isSpliced = false
  let restarts = 0

  async function* open(fromByte: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    let offset = fromByte
    for (const client of places) {
      const ask = (at: number): ReturnType<RegistryClient['getBlob']> => client.getBlob(digest, { fromByte: at, signal })
      const onBreak = (error: unknown): void => {
        isSpliced = true
        debug(`going on with ${digest} at byte ${offset}: ${String(error)}`)
      }
      try {
        for await (const chunk of readOnward({ ask, fromByte: offset, whole: 'cut', sizeBytes: size, signal, onBreak })) {
          contributors.add(client)
          offset += chunk.length
          yield chunk
        }
        return
      } catch (error) {
        if (client === places.at(-1) || !isRocketError(error) || signal?.aborted === true) throw error
        passOver(client, error)
        isSpliced ||= offset > 0
      }
    }
  }

  return {
    open,
    mayTryAgain: () => {
      const mirrors = places.slice(0, -1).filter((client) => contributors.has(client))
      places = places.filter((client) => !mirrors.includes(client))
      const may = mirrors.length > 0 || (isSpliced && restarts < maxRestarts)
      if (mirrors.length === 0) restarts += 1
      contributors.clear()
      isSpliced = false
      return may
    },
  }
}
