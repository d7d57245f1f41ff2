import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { nativeDirectory } from '@rocket/host'
import type { UnpackedLayer } from '../unpack-layer.ts'
import type { ThreadUnpackOptions, UnpackNews, UnpackOutcome, UnpackTask } from './messages.ts'
import { fromSentError } from './sent-error.ts'

/** A layer on its way into a tree, in another thread. */
export interface ThreadUnpacking {
  /** So many bytes of the file are there. */
  grown(bytes: number): void
  /** The file is whole. */
  complete(): void
  /** The rest will not come: `result` is rejected with `why`, once the thread has cleaned up. */
  stop(why: unknown): void
  /** What `unpackLayer` returns or throws. */
  result: Promise<UnpackedLayer>
}

interface Thread {
  worker: Worker
  /** Of layers that it is at work on. */
  bytes: number
  /** What it died of: out of memory, or a bug of ours. */
  error?: Error
}

/**
 * As many as there are cores. Undefined where they are of no use: on one core, and from source on a Node that reads TypeScript only with
 * help.
 */
export function openUnpackThreads(): UnpackThreads | undefined {
  const cores = availableParallelism()
  const isReadable = threadFile().endsWith('.cjs') || typeof process.features.typescript === 'string'
  return cores > 1 && isReadable ? new UnpackThreads(cores) : undefined
}

/**
 * Threads that unpack layers beside this one, at most `most`, started as layers come. A layer is read from the file that it is being
 * written to, so its bytes are neither copied between threads nor held in memory, and whoever writes need not wait.
 */
export class UnpackThreads {
  readonly #most: number
  readonly #threads: Thread[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** As `unpackLayer`, of what is written to `path`. `sizeBytes` tells which thread has most to do. */
  unpack(path: string, target: string, options: ThreadUnpackOptions & { sizeBytes: number }): ThreadUnpacking {
    const thread = this.#pick()
    thread.bytes += options.sizeBytes
    const { port1: own, port2: port } = new MessageChannel()
    thread.worker.postMessage({ path, target, options, port } satisfies UnpackTask, [port])
    let stopped: { why: unknown } | undefined
    const result = new Promise<UnpackedLayer>((resolve, reject) => {
      own.on('message', (outcome: UnpackOutcome) => {
        if ('unpacked' in outcome) resolve(outcome.unpacked)
        else reject(stopped === undefined ? fromSentError(outcome.error) : stopped.why)
      })
      // After the message, or without one when the thread has ended.
      own.on('close', () => reject(new Error('the thread that unpacked the layer ended', { cause: thread.error })))
    })
    const tell = (news: UnpackNews): void => own.postMessage(news)
    return {
      grown: (bytes) => tell({ kind: 'grown', bytes }),
      complete: () => tell({ kind: 'complete' }),
      stop: (why) => {
        stopped ??= { why }
        tell({ kind: 'stopped' })
      },
      result: result.finally(() => {
        thread.bytes -= options.sizeBytes
      }),
    }
  }

  /** Ends the threads. What they were at work on is rejected, and left half-made. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()))
  }

  /** An idle one, a new one, or the one with the fewest bytes. */
  #pick(): Thread {
    const least = this.#threads.toSorted((a, b) => a.bytes - b.bytes)[0]
    if (least !== undefined && (least.bytes === 0 || this.#threads.length >= this.#most)) return least
    const worker = new Worker(threadFile(), {
      name: 'unpack',
      workerData: { nativeDirectory: nativeDirectory() },
      // Descriptors come from the native part: Node would warn of each that it did not open itself.
      trackUnmanagedFds: false,
      // Its garbage is small and short-lived; what is said for the whole process is for the main thread.
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    })
    const thread: Thread = { worker, bytes: 0 }
    worker.on('error', (error) => {
      thread.error = error as Error
    })
    this.#threads.push(thread)
    return thread
  }
}

/** Beside this file; in a bundle, one of its own. */
function threadFile(): string {
  const source = join(import.meta.dirname, 'unpack-thread.ts')
  return existsSync(source) ? source : join(import.meta.dirname, 'aside-unpack-thread.cjs')
}
