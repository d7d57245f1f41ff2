import { isRocketError } from '@rocket/contracts'
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

/** One blob, from the places that may have it, the registry itself last. What a mirror does wrong is told to `debug`. */
export function createBlobReader(
  clients: readonly RegistryClient[], { digest, size }: { digest: string; size: number }, debug: (message: string) => void,
): BlobReader {
  let places = [...clients]
  let served: RegistryClient | undefined
  let isSpliced = false
  let restarts = 0

  async function* open(fromByte: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    let offset = fromByte
    for (const client of places) {
      served = client
      const ask = (at: number): ReturnType<RegistryClient['getBlob']> => client.getBlob(digest, { fromByte: at, signal })
      const onBreak = (error: unknown): void => {
        isSpliced = true
        debug(`going on with ${digest} at byte ${offset}: ${String(error)}`)
      }
      try {
        for await (const chunk of readOnward({ ask, fromByte: offset, whole: 'cut', sizeBytes: size, signal, onBreak })) {
          offset += chunk.length
          yield chunk
        }
        return
      } catch (error) {
        if (client === places.at(-1) || !isRocketError(error) || signal?.aborted === true) throw error
        debug(`the mirror ${client.name} is passed over: ${error.message}`)
        isSpliced ||= offset > 0
      }
    }
  }

  return {
    open,
    mayTryAgain: () => {
      const isMirror = served !== undefined && served !== places.at(-1)
      if (isMirror) places = places.filter((client) => client !== served)
      const may = isMirror || (isSpliced && restarts < maxRestarts)
      if (!isMirror) restarts += 1
      isSpliced = false
      return may
    },
  }
}
