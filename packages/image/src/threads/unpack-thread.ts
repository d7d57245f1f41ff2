import { parentPort, workerData } from 'node:worker_threads'
import { setNativeDirectory } from '@rocket/host'
import { unpackLayer } from '../unpack-layer.ts'
import { readGrowingFile } from './growing-file.ts'
import type { UnpackOutcome, UnpackTask } from './messages.ts'
import { toSentError } from './sent-error.ts'

setNativeDirectory((workerData as { nativeDirectory: string }).nativeDirectory)

/** The program of a thread that unpacks layers, several at a time, until whoever started it ends it. */
parentPort!.on('message', ({ path, target, options, port }: UnpackTask) => {
  const tell = (outcome: UnpackOutcome): void => {
    port.postMessage(outcome)
    port.close()
  }
  unpackLayer(readGrowingFile(path, port), target, options).then(
    (unpacked) => tell({ unpacked }),
    (error: unknown) => tell({ error: toSentError(error) }),
  )
})
