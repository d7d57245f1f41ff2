import { join } from 'node:path'
import { documentKinds, type FileDigest, type RoadLine } from '@rocket/contracts'
import { HandoffFiles, isThere, readIfThere, sha256Hex } from '@rocket/host'
import { findImageRecord, openStore } from '@rocket/store'
import { readSettings, type Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import type { CheckedEvidence } from '../images/check-evidence.ts'
import { configDirectories } from '../images/config-directories.ts'
import { findPod } from '../pods/locate.ts'
import { within } from '../print/context.ts'
import { formatJson } from '../print/json.ts'
import { formatTable } from '../print/table.ts'
import { writeError, writeOut } from '../print/write.ts'
import { isChained, RoadLog } from '../road/road-log.ts'

/** How a hand-off stands to the line that wrote it last. */
type Verdict = 'unchanged' | 'altered' | 'missing'

interface CheckedFile extends FileDigest {
  verdict: Verdict
  writer: string
}

/**
 * `rkt trace`: the road of one pod, a line per stage and a line per hand-off, each compared with what lies in the pod now, and a line for
 * each verification of its images. Exits with 254 when one was altered, is missing or does not hold.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, positionals } = invocation
  const settings = readSettings(flags)
  const pod = within('cannot get pod', () => findPod(settings.dataDirectory, positionals[0] ?? ''))
  const log = within('cannot read the log', () => RoadLog.open(pod.directory))
  const files = checkFiles(pod.directory, log.lines)
  const images = await checkImages(pod.directory, settings)
  const format = flags.get(outputFlags.format)
  if (format !== '') writeOut(formatJson({ uuid: pod.uuid, lines: log.lines, files, images }, format))
  else writeOut(`${formatRoad(log.lines, flags.get(outputFlags.full))}\n${formatFiles(files, flags.get(outputFlags.full))}${images.length === 0 ? '' : `\n${formatImages(images)}`}`)
  const bad = files.filter((file) => file.verdict !== 'unchanged')
  for (const { file, verdict, writer } of bad) writeError(`trace: ${file} is ${verdict} since ${writer} wrote it\n`)
  const broken = images.filter(({ state }) => state === 'broken')
  for (const { reference, why } of broken) writeError(`trace: the verification of ${reference} does not hold: ${why}\n`)
  return bad.length + broken.length === 0 ? 0 : 254
}

interface TracedImage extends CheckedEvidence {
  reference: string
  imageId: string
}

/** Why the images of a pod were taken, checked once more from what the store keeps. An image that was removed from the store is left out. */
async function checkImages(directory: string, settings: Settings): Promise<TracedImage[]> {
  if (!isThere(join(directory, documentKinds.Images.file)) || !isThere(settings.storeDirectory)) return []
  const [{ checkEvidence }, { openTrust }] = await Promise.all([import('../images/check-evidence.ts'), import('@rocket/trust')])
  const store = openStore(settings.storeDirectory)
  const trust = openTrust(configDirectories(settings))
  const traced = await Promise.all(new HandoffFiles(directory).read('Images').images.map(async ({ reference, imageId }) => {
    const record = findImageRecord(store, imageId)
    return record === undefined ? [] : (await checkEvidence(store, record, trust)).map((checked) => ({ reference, imageId, ...checked }))
  }))
  return traced.flat()
}

function formatImages(images: readonly TracedImage[]): string {
  const rows = images.map(({ reference, method, signer, checkedAt, state }) => [reference, method, signer === '' ? '-' : signer, checkedAt, state])
  return formatTable([['IMAGE', 'VERIFIED BY', 'SIGNER', 'CHECKED', 'STATE'], ...rows])
}

/** The last writer of each hand-off counts: an earlier one was replaced by right. */
function checkFiles(directory: string, lines: readonly RoadLine[]): CheckedFile[] {
  const last = new Map<string, CheckedFile>()
  for (const line of lines) {
    for (const { file, sha256 } of line.wrote) {
      if (isChained(file)) last.set(file, { file, sha256, writer: `${line.stage} ${line.verb}`, verdict: verdictOn(join(directory, file), sha256) })
    }
  }
  return [...last.values()]
}

function verdictOn(path: string, sha256: string): Verdict {
  const bytes = readIfThere(path)
  if (bytes === undefined) return 'missing'
  return `sha256:${sha256Hex(bytes)}` === sha256 ? 'unchanged' : 'altered'
}

function formatRoad(lines: readonly RoadLine[], full: boolean): string {
  const rows = lines.map((line) => [
    line.stage, line.verb, full ? `${line.program} ${line.programSha256}` : line.program, String(line.read.length), String(line.wrote.length),
    `${Date.parse(line.endedAt) - Date.parse(line.startedAt)} ms`, line.error ?? String(line.exitCode),
  ])
  return formatTable([['STAGE', 'VERB', 'PROGRAM', 'READ', 'WROTE', 'TIME', 'RESULT'], ...rows])
}

function formatFiles(files: readonly CheckedFile[], full: boolean): string {
  const rows = files.map(({ file, sha256, verdict, writer }) => [file, writer, full ? sha256 : sha256.slice(0, 'sha256:'.length + 12), verdict])
  return formatTable([['HAND-OFF', 'WRITTEN BY', 'DIGEST', 'STATE'], ...rows])
}
