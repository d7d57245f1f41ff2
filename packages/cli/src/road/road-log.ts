import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentKinds, parseDocument, podLayout, RocketError, type FileDigest, type RoadLine } from '@rocket/contracts'
import { readIfThere, sha256Hex } from '@rocket/host'

/**
 * `road.jsonl` of one pod: which stage ran, from what, leaving what. Each line holds the digest of the line before it, so a line
 * cannot be changed or taken out unnoticed.
 */
export class RoadLog {
  readonly lines: RoadLine[]
  #path: string
  #last: string | undefined
  readonly #expected = new Map<string, string>()

  private constructor(path: string, texts: string[]) {
    this.#path = path
    this.#last = texts.at(-1)
    this.lines = texts.map((text, index) => parseLine(text, texts[index - 1], `${path}:${index + 1}`))
    for (const line of this.lines) this.#expect(line)
  }

  /** Reads what is there; none is an empty log. Throws DOCUMENT_INVALID, and HANDOFF_ALTERED when the lines do not chain. */
  static open(podDirectory: string): RoadLog {
    const path = join(podDirectory, podLayout.road)
    return new RoadLog(path, readLines(path))
  }

  /** The same log, after the pod moved. */
  movedTo(podDirectory: string): this {
    this.#path = join(podDirectory, podLayout.road)
    return this
  }

  append(line: Omit<RoadLine, 'previous'>): void {
    const chained: RoadLine = { ...line, ...(this.#last === undefined ? {} : { previous: digestOf(this.#last) }) }
    const text = JSON.stringify(chained)
    appendFileSync(this.#path, `${text}\n`, { mode: 0o640 })
    this.#last = text
    this.lines.push(chained)
    this.#expect(chained)
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

function parseLine(text: string, before: string | undefined, name: string): RoadLine {
  const line = parseDocument('RoadLine', text, name)
  const previous = before === undefined ? undefined : digestOf(before)
  if (line.previous === previous) return line
  throw new RocketError('HANDOFF_ALTERED', {
    what: `${name} does not follow from the line before it`,
    why: `it names ${line.previous ?? 'none'}, that line has ${previous ?? 'no predecessor'}`,
    hint: 'the log of this pod was changed; prepare the pod again',
  })
}

function digestOf(text: string): string {
  return `sha256:${sha256Hex(text)}`
}

/** A line without its end was cut off by a crash while it was written: what it told of did not finish. */
function readLines(path: string): string[] {
  return readIfThere(path)?.toString('utf8').split('\n').slice(0, -1) ?? []
}
