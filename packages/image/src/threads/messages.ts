import type { MessagePort } from 'node:worker_threads'
import type { UnpackedLayer, UnpackOptions } from '../unpack-layer.ts'
import type { SentError } from './sent-error.ts'

/** What can be said to another thread. */
export type ThreadUnpackOptions = Omit<UnpackOptions, 'onProgress' | 'signal'>

/** To a thread: one layer, and a port for everything else that concerns it. */
export interface UnpackTask {
  /** The layer as it is stored: a file that may be growing still. */
  path: string
  target: string
  options: ThreadUnpackOptions
  port: MessagePort
}

/** To the thread: so many bytes are there; that is all; nothing more will come, and the layer is not whole. */
export type UnpackNews = { kind: 'grown'; bytes: number } | { kind: 'complete' } | { kind: 'stopped' }

/** From the thread, once. */
export type UnpackOutcome = { unpacked: UnpackedLayer } | { error: SentError }
