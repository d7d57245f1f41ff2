import { readFileSync } from 'node:fs'
import { isErrno, RocketError, type ImageRecord } from '@rocket/contracts'
import { configPath, type Store } from '@rocket/store'

/** A step of the making of an image. */
export interface HistoryStep {
  createdAt?: string
  /** The command or the tool. */
  createdBy?: string
  comment?: string
  /** Absent: the step changed no file. */
  layer?: { digest: string; sizeBytes: number }
}

/**
 * The steps that the configuration of an OCI image tells of, the latest first, each with the layer it made; layers that nobody tells of are
 * steps without words. Of an ACI there is one step. Throws STORE_CORRUPT when the configuration is gone or damaged.
 */
export function readHistory(store: Store, record: ImageRecord): HistoryStep[] {
  const layers = record.layers.map(({ digest, sizeBytes }) => ({ digest, sizeBytes }))
  const steps = record.format === 'oci' ? toldSteps(store, record) : []
  const told = steps.map((step): HistoryStep => {
    const layer = step['empty_layer'] === true ? undefined : layers.shift()
    return {
      ...said('createdAt', step['created']), ...said('createdBy', step['created_by']), ...said('comment', step['comment']),
      ...(layer === undefined ? {} : { layer }),
    }
  })
  const created = record.manifest.annotations.find(({ name }) => name === 'created')?.value
  return [...told, ...layers.map((layer) => ({ ...(record.format === 'aci' ? said('createdAt', created) : {}), layer }))].toReversed()
}

function toldSteps(store: Store, record: ImageRecord): Record<string, unknown>[] {
  try {
    const { history } = JSON.parse(readFileSync(configPath(store, record) ?? '', 'utf8')) as { history?: unknown }
    return Array.isArray(history) ? history.filter((step) => typeof step === 'object' && step !== null) : []
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT') && !(cause instanceof SyntaxError)) throw cause
    throw new RocketError('STORE_CORRUPT', {
      what: `the history of image ${record.imageId} cannot be read`, why: 'its configuration is not in the store, or damaged',
      hint: '`rkt store check --repair` says what to do', cause,
    })
  }
}

function said(name: string, value: unknown): object {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {}
}
