import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError, type RoadLine } from '@rocket/contracts'
import { isChained, RoadLog } from './road-log.ts'

const directory = mkdtempSync(join(tmpdir(), 'road-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'road.jsonl')
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

function line(stage: string, wrote: RoadLine['wrote']): Omit<RoadLine, 'previous' | 'lineSha256'> {
  const time = '2026-11-23T20:00:00.000Z'
  return {
    version: 1, uuid: '5e3a4b1c-0f4d-4c2b-9a77-2f1d0c9b8a61', stage, verb: 'run', program: 'builtin', programSha256: digest('0'), read: [],
    wrote, exitCode: 0, startedAt: time, endedAt: time,
  }
}

function writeThree(): void {
  rmSync(path, { force: true })
  const log = RoadLog.open(directory)
  log.append(line('a', [{ file: 'pod.json', sha256: digest('a') }]))
  log.append(line('b', [{ file: 'pod.json', sha256: digest('b') }, { file: 'sandbox.json', sha256: digest('c') }]))
  log.append(line('c', [{ file: 'apps/web/app.json', sha256: digest('d') }]))
}

test('expects of each hand-off what its last writer left, and nothing of state', () => {
  writeThree()
  assert.deepEqual([...RoadLog.open(directory).expected()], [['pod.json', digest('b')], ['apps/web/app.json', digest('d')]])
})

test('reads back what was appended, each line naming the one before it', () => {
  writeThree()
  const { lines } = RoadLog.open(directory)
  assert.deepEqual(lines.map((one) => one.stage), ['a', 'b', 'c'])
  assert.equal(lines[0]?.previous, undefined)
  assert.match(lines[2]?.previous ?? '', /^sha256:/)
  assert.equal(lines[2]?.previous, lines[1]?.lineSha256)
})

test('goes on from what it has read', () => {
  writeThree()
  RoadLog.open(directory).append(line('d', []))
  assert.equal(RoadLog.open(directory).lines.length, 4)
})

test('notices any byte that is changed in any line, the last one too', () => {
  writeThree()
  const bytes = readFileSync(path)
  for (const index of bytes.keys()) {
    // A line without its end is one that a crash cut off.
    if (index === bytes.length - 1) continue
    for (const flip of [1, 0x20, 0x80]) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= flip
      writeFileSync(path, changed)
      assert.throws(() => RoadLog.open(directory), (error) => isRocketError(error), `byte ${index} ^ ${flip}`)
    }
  }
})

for (const [what, change] of [
  ['a changed line', (text: string) => text.replace('"stage":"b"', '"stage":"x"')],
  ['a changed last line', (text: string) => text.replace('"stage":"c"', '"stage":"x"')],
  ['a last line that says nothing of its digest in the end', (text: string) => `${text.slice(0, -2)},"error":"X"}\n`],
  ['a line taken out', (text: string) => text.split('\n').filter((one) => !one.includes('"stage":"b"')).join('\n')],
  ['two lines exchanged', (text: string) => text.split('\n').toSpliced(0, 2, ...text.split('\n').slice(0, 2).reverse()).join('\n')],
] as const) {
  test(`notices ${what}`, () => {
    writeThree()
    writeFileSync(path, change(readFileSync(path, 'utf8')))
    assert.throws(() => RoadLog.open(directory), (error) => isRocketError(error, 'HANDOFF_ALTERED'))
  })
}

test('passes over a last line that a crash cut off', () => {
  writeThree()
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -20))
  assert.equal(RoadLog.open(directory).lines.length, 2)
})

test('knows hand-offs from state by their names', () => {
  const files = ['pod.json', 'apps/web/run.json', 'sandbox.json', 'apps/web/status.json', 'apps/a/b/app.json']
  assert.deepEqual(files.map(isChained), [true, true, false, false, false])
})
