import { existsSync, statSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { fileState } from './file-state.ts'
import { importAci } from './import-aci.ts'
import { requireWaiver, type Imported, type Session } from './session.ts'

/** An ACI from a file. Throws SIGNATURE_REQUIRED, IMAGE_NOT_FOUND, and what reading an archive throws. */
export async function fetchFile(source: { path: string }, session: Session): Promise<Imported> {
  const { path } = source
  session.context.debug(`using image from file ${path}`)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw notReadable(path, `open ${path}: no such file or directory`)
  if (!stats.isFile()) throw notReadable(path, `${path} is no regular file`)
  requireSignature(path, session)
  // Before reading: a change in between must not hide behind the state it has afterwards.
  const state = fileState(path)
  const record = await importAci(path, session, { source: `file://${path}`, from: 'file', totalBytes: stats.size })
  const { name, labels } = record.manifest
  return { record, name, labels, source: `file://${path}`, latest: false, ...(state === undefined ? {} : { http: { etag: state } }) }
}

function requireSignature(path: string, session: Session): void {
  const signature = path.endsWith('.aci') ? `${path}.asc` : `${path}.aci.asc`
  const hint = '--insecure-options=image takes the image without a check'
  if (existsSync(signature)) {
    return requireWaiver(
      session, { what: `the signature of ${path} was not checked`, why: 'checking signatures is not part of this release yet', hint },
    )
  }
  const cause = new Error(`open ${signature}: no such file or directory`)
  requireWaiver(session, { what: 'error opening signature file', why: cause.message, hint, cause })
}

function notReadable(path: string, why: string): RocketError {
  return new RocketError('IMAGE_NOT_FOUND', {
    what: `error opening ${path}`, why, hint: 'check the path: one that is not absolute begins in the current directory', cause: new Error(why),
  })
}
