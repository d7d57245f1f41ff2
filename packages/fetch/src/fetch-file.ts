import { statSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { fileState } from './file-state.ts'
import { importAci } from './import-aci.ts'
import type { Imported, Session } from './session.ts'
import { openAciCheck } from './verify/aci-check.ts'
import { signatureOfFile } from './verify/signature-places.ts'

/** An ACI from a file. Throws SIGNATURE_*, IMAGE_NOT_FOUND, and what reading an archive throws. */
export async function fetchFile(
  { path, signature }: { path: string; signature?: string | undefined }, session: Session,
): Promise<Imported> {
  session.context.debug(`using image from file ${path}`)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw notReadable(path, `open ${path}: no such file or directory`)
  if (!stats.isFile()) throw notReadable(path, `${path} is no regular file`)
  const check = await openAciCheck(signatureOfFile(path, signature), undefined, session)
  // Before reading: a change in between must not hide behind the state it has afterwards.
  const state = fileState(path)
  const { record, judgement } = await importAci(path, session, { source: `file://${path}`, from: 'file', totalBytes: stats.size, check })
  const { name, labels } = record.manifest
  return { record, judgement, name, labels, source: `file://${path}`, latest: false, ...(state === undefined ? {} : { http: { etag: state } }) }
}

function notReadable(path: string, why: string): RocketError {
  return new RocketError('IMAGE_NOT_FOUND', {
    what: `error opening ${path}`, why, hint: 'check the path: one that is not absolute begins in the current directory', cause: new Error(why),
  })
}
