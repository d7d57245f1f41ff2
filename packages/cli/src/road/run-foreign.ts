import { documentKinds, RocketError, stageContracts, type DocumentKind, type VerbContract } from '@rocket/contracts'
import { documentFile, HandoffFiles } from '@rocket/host'
import { checkChain } from './check-chain.ts'
import { holdLock } from './pod-directory.ts'
import { digestsOf } from './road-log.ts'
import { runStageAsProgram, verbTimeoutMs } from './run-program.ts'
import type { Road, VerbCall } from './run-verb.ts'

/**
 * Runs one verb as a program. What it reads is taken from the contract and checked before. After it succeeded the lock is still ours, no
 * hand-off of another stage has changed, and what it had to write is there and keeps its schema. Throws HANDOFF_ALTERED,
 * DOCUMENT_MISSING, DOCUMENT_INVALID, LOCK_HELD, and what running it throws.
 */
export async function runForeign(road: Road, call: VerbCall, files: HandoffFiles): Promise<number> {
  const contract = contractOf(call)
  for (const [kind, key] of documentsOf(contract.reads, road, call)) {
    if (!kind.endsWith('?')) files.read(kind as DocumentKind, key)
    else files.find(kind.slice(0, -1) as DocumentKind, key)
  }
  // From here on the disk is believed, as far as the log bears it out: a program may have touched any document.
  road.known.clear()
  const exitCode = call.supervise === undefined
    ? runStageAsProgram(road, call, contract.unbounded === true ? Infinity : verbTimeoutMs())
    : await call.supervise()
  holdLock(road.lockFd, road.podDirectory)
  const written = documentsOf(contract.writes, road, call) as [DocumentKind, string | undefined][]
  checkChain(road, written.map(([kind, key]) => documentFile(kind, key)))
  if (call.writesNothing !== true) recordWritten(road, written, files)
  return exitCode
}

function recordWritten(road: Road, written: readonly [DocumentKind, string | undefined][], files: HandoffFiles): void {
  const found = new HandoffFiles(road.podDirectory)
  for (const [kind, key] of written) requireDocument(found, kind, key, road.uuid)
  for (const { file, sha256 } of digestsOf(found.digestsRead)) files.digestsWritten.set(file, sha256)
}

function requireDocument(found: HandoffFiles, kind: DocumentKind, key: string | undefined, uuid: string): void {
  const document = found.find(kind, key)
  const path = `${found.directory}/${documentFile(kind, key)}`
  if (document === undefined) {
    throw new RocketError('DOCUMENT_MISSING', {
      what: `${path} was not written`, why: 'the stage program ended with success and left no such file',
      hint: 'docs/writing-a-stage.md says which documents each verb leaves',
    })
  }
  if ('uuid' in document && document.uuid !== uuid) {
    throw new RocketError('DOCUMENT_INVALID', {
      what: `${path} is not valid`, why: `/uuid is ${document.uuid}, that of the pod is ${uuid}`,
    })
  }
}

/** The documents among these that lie in the pod, those of an app once for each app there is by now. */
function documentsOf(kinds: readonly string[], road: Road, call: VerbCall): [string, string | undefined][] {
  const apps = call.app === undefined ? new HandoffFiles(road.podDirectory).apps() : [call.app]
  return kinds
    .filter((kind) => documentKinds[kind.replace('?', '') as DocumentKind].in === 'pod')
    .flatMap((kind): [string, string | undefined][] =>
      documentKinds[kind.replace('?', '') as DocumentKind].file.includes('<') ? apps.map((app) => [kind, app]) : [[kind, undefined]])
}

function contractOf(call: VerbCall): VerbContract {
  const verbs: Readonly<Record<string, VerbContract>> = stageContracts[call.stage]
  const contract = verbs[call.verb]
  if (contract === undefined) throw new Error(`${call.stage} has no verb ${call.verb}`)
  return contract
}
