import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentKinds, parseDocument, podLayout, RocketError, type FileDigest, type RoadLine } from '@rocket/contracts'
import { readIfThere, sha256Hex } from '@rocket/host'

/**
 * `road.jsonl` of one pod: which stage ran, from what, leaving what. Each line ends with the digest of its bytes and holds that of the line
 * before it, so a line cannot be changed, or taken out from between others, unnoticed.
 */
export class RoadLog {
  readonly lines: RoadLine[]
  #path: string
  readonly #expected = new Map<string, string>()

  private constructor(path: string, texts: string[]) {
    this.#path = path
    this.lines = []
    for (const text of texts) {
      const line = parseLine(text, this.lines.at(-1), `${path}:${this.lines.length + 1}`)
      this.lines.push(line)
      this.#expect(line)
    }
  }

  /** Reads what is there; none is an empty log. Throws DOCUMENT_INVALID, and HANDOFF_ALTERED when a line was changed or they do not chain. */
  static open(podDirectory: string): RoadLog {
    const path = join(podDirectory, podLayout.road)
    return new RoadLog(path, readLines(path))
  }

  /** The same log, after the pod moved. */
  movedTo(podDirectory: string): this {
    this.#path = join(podDirectory, podLayout.road)
    return this
  }

  append(line: Omit<RoadLine, 'previous' | 'lineSha256'>): void {
    const previous = this.lines.at(-1)?.lineSha256
    const chained = previous === undefined ? line : { ...line, previous }
    const bytes = JSON.stringify(chained).slice(0, -1)
    const lineSha256 = digestOf(bytes)
    appendFileSync(this.#path, `${bytes}${sealOf(lineSha256)}\n`, { mode: 0o640 })
    const written = { ...chained, lineSha256 }
    this.lines.push(written)
    this.#expect(written)
  }

  #expect({ wrote }: RoadLine): void {
    for (const { file, sha256 } of wrote) if (isChained(file)) this.#expected.set(file, sha256)
  }

  /** The digest each chained hand-off must have: what the last line that wrote it says. It grows with the log. */
  expected(): ReadonlyMap<string, string> {
    return this.#expected
  }

  /** The program that last ran a verb of a stage; undefined when none did. */
  programOf(stage: string): { program: string; programSha256: string } | undefined {
    return this.lines.findLast((line) => line.stage === stage)
  }
}

const chainedFiles: ReadonlySet<string> = new Set(
  Object.values(documentKinds).filter((kind) => kind.in === 'pod' && kind.chained).map(({ file }) => file),
)

export function isChained(file: string): boolean {
  return chainedFiles.has(file.replace(/^apps\/[^/]+\//, 'apps/<app>/'))
}

export function digestsOf(files: ReadonlyMap<string, string>): FileDigest[] {
  return [...files].map(([file, sha256]) => ({ file, sha256 }))
}

function parseLine(text: string, before: RoadLine | undefined, name: string): RoadLine {
  const line = parseDocument('RoadLine', text, name)
  const seal = sealOf(line.lineSha256)
  if (!text.endsWith(seal) || digestOf(text.slice(0, -seal.length)) !== line.lineSha256) {
    throw altered(`${name} is not as it was written`, 'its digest is another one')
  }
  if (line.previous !== before?.lineSha256) {
    const why = `it names ${line.previous ?? 'none'}, that line has ${before?.lineSha256 ?? 'no predecessor'}`
    throw altered(`${name} does not follow from the line before it`, why)
  }
  return line
}

/** The end of a line, which its digest does not cover. */
function sealOf(digest: string): string {
  return `,"lineSha256":"${digest}"}`
}

function altered(what: string, why: string): RocketError {
  return new RocketError('HANDOFF_ALTERED', { what, why, hint: 'the log of this pod was changed; prepare the pod again' })
}

function digestOf(text: string): string {
  return `sha256:${sha256Hex(text)}`
}

/** A line without its end was cut off by a crash while it was written: what it told of did not finish. */
function readLines(path: string): string[] {
  return readIfThere(path)?.toString('utf8').split('\n').slice(0, -1) ?? []
}
