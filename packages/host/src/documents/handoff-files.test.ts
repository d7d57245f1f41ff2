import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError, type AppStatus, type ErrorCode } from '@rocket/contracts'
import fc from 'fast-check'
import { HandoffFiles } from './handoff-files.ts'

const directory = mkdtempSync(join(tmpdir(), 'handoff-'))
after(() => rmSync(directory, { recursive: true }))
mkdirSync(join(directory, 'apps/web'), { recursive: true })

const hasCode = (code: ErrorCode) => (error: unknown): boolean => isRocketError(error, code)

const time = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }).map((date) => date.toISOString())
const status: fc.Arbitrary<AppStatus> = fc.record({
  version: fc.constant(1 as const), uuid: fc.constant('5e3a4b1c-0f4d-4c2b-9a77-2f1d0c9b8a61'), app: fc.constant('web'),
  instance: fc.integer({ min: 1 }), state: fc.constantFrom('created', 'running', 'exited', 'failed'), createdAt: time,
  reason: fc.string({ unit: 'binary' }), exitCode: fc.integer({ min: 0, max: 255 }),
}, { noNullPrototype: true, requiredKeys: ['version', 'uuid', 'app', 'instance', 'state', 'createdAt'] })

test('what is written is what is read', () => {
  fc.assert(fc.property(status, (value) => {
    new HandoffFiles(directory).write('AppStatus', value, 'web')
    assert.deepEqual(new HandoffFiles(directory).read('AppStatus', 'web'), value)
  }))
})

test('any byte changed in a chained hand-off is noticed', () => {
  const writer = new HandoffFiles(directory)
  writer.write('AppStatus', fc.sample(status, 1)[0] as AppStatus, 'web')
  const path = join(directory, 'apps/web/status.json')
  const bytes = readFileSync(path)
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] ?? 0) ^ change
    writeFileSync(path, altered)
    assert.throws(() => new HandoffFiles(directory, { expected: writer.digestsWritten }).read('AppStatus', 'web'), hasCode('HANDOFF_ALTERED'))
  }))
})

test('refuses to write what its schema refuses, and leaves no file', () => {
  const before = readdirSync(directory)
  assert.throws(() => new HandoffFiles(directory).write('Images', { version: 1 } as never), hasCode('DOCUMENT_INVALID'))
  assert.deepEqual(readdirSync(directory), before)
})

test('says which document is missing', () => {
  assert.throws(() => new HandoffFiles(directory).read('Start'), (error) => isRocketError(error, 'DOCUMENT_MISSING') && error.what.includes('start.json'))
  assert.equal(new HandoffFiles(directory).find('Start'), undefined)
})

for (const [text, why] of [
  ['', 'is empty'], ['{"version": 1', 'is cut off'], ['\u{feff}{"version":1}', 'begins with a byte order mark'], ['{"version": 1e999}', 'has a number that is none'],
  ['null', 'is null'], ['[]', 'is an array'], ['{"version": 9007199254740993}', 'has a version beyond integers'],
] as const) {
  test(`refuses a document that ${why}`, () => {
    writeFileSync(join(directory, 'net.json'), text)
    assert.throws(() => new HandoffFiles(directory).read('Net'), (error) => isRocketError(error) && /^DOCUMENT_/.test(error.code))
  })
}

test('does not read a document that would fill the memory', () => {
  writeFileSync(join(directory, 'run.json'), Buffer.alloc(17 * 1024 * 1024, ' '))
  assert.throws(() => new HandoffFiles(directory).read('Run'), hasCode('DOCUMENT_INVALID'))
})
