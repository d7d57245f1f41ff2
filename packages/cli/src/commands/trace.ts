import { join } from 'node:path'
import { type FileDigest, type RoadLine } from '@rocket/contracts'
import { readIfThere, sha256Hex } from '@rocket/host'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
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
 * `rkt trace`: the road of one pod, a line per stage and a line per hand-off, each compared with what lies in the pod now. Exits with
 * 254 when one was altered or is missing.
 */
export function run(invocation: Invocation): number {
  const { flags, positionals } = invocation
  const settings = readSettings(flags)
  const pod = within('cannot get pod', () => findPod(settings.dataDirectory, positionals[0] ?? ''))
  const log = within('cannot read the log', () => RoadLog.open(pod.directory))
  const files = checkFiles(pod.directory, log.lines)
  const format = flags.get(outputFlags.format)
  if (format !== '') writeOut(formatJson({ uuid: pod.uuid, lines: log.lines, files }, format))
  else writeOut(`${formatRoad(log.lines, flags.get(outputFlags.full))}\n${formatFiles(files, flags.get(outputFlags.full))}`)
  const bad = files.filter((file) => file.verdict !== 'unchanged')
  for (const { file, verdict, writer } of bad) writeError(`trace: ${file} is ${verdict} since ${writer} wrote it\n`)
  return bad.length === 0 ? 0 : 254
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
