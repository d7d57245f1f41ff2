import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RocketError } from '@rocket/contracts'
import { formatError } from './errors.ts'
import { ContextError } from './context.ts'
import { formatSize } from './size.ts'
import { formatTable } from './table.ts'
import { formatAge, formatFullTime } from './time.ts'

const style = { prefix: 'run', debug: false, json: false }

test('a table aligns its columns with tabs to multiples of eight', () => {
  const rows = [
    ['UUID', 'APP', 'STATE'],
    ['0123abcd', 'redis', 'running'],
    ['', 'x', ''],
  ]
  assert.equal(formatTable(rows), 'UUID\t\tAPP\tSTATE\n0123abcd\tredis\trunning\n\t\tx\t\n')
})

for (const [bytes, text] of [
  [0, '0 B'],
  [9, '9 B'],
  [10, '10 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [12582912, '12 MiB'],
  [5e9, '4.7 GiB'],
] as const) {
  test(`prints ${bytes} bytes as ${text}`, () => assert.equal(formatSize(bytes), text))
}

for (const [seconds, text] of [
  [0, 'now'],
  [1, '1 second ago'],
  [59, '59 seconds ago'],
  [60, '1 minute ago'],
  [180, '3 minutes ago'],
  [3600, '1 hour ago'],
  [7200, '2 hours ago'],
  [86400, '1 day ago'],
  [86400 * 6, '6 days ago'],
  [86400 * 7, '1 week ago'],
  [86400 * 40, '1 month ago'],
  [86400 * 400, '1 year ago'],
  [86400 * 360 * 40, 'a long while ago'],
  [-120, '2 minutes from now'],
] as const)
  test(`calls an age of ${seconds} s "${text}"`, () => assert.equal(formatAge(1e12 - seconds * 1000, 1e12), text))

for (const [zone, ms, text] of [
  ['UTC', 0, '1970-01-01 00:00:00 +0000 UTC'],
  ['UTC', 1_700_000_000_120, '2023-11-14 22:13:20.12 +0000 UTC'],
  ['Europe/Berlin', 1_700_000_000_000, '2023-11-14 23:13:20 +0100 CET'],
  ['Europe/Berlin', 1_720_000_000_000, '2024-07-03 11:46:40 +0200 CEST'],
  ['Asia/Kolkata', 1_700_000_000_000, '2023-11-15 03:43:20 +0530 IST'],
  ['America/New_York', 4_000_000_000_000, '2096-10-02 03:06:40 -0400 EDT'],
] as const) {
  test(`prints the full time of ${ms} in ${zone}`, () => {
    const before = process.env['TZ']
    process.env['TZ'] = zone
    try {
      assert.equal(formatFullTime(ms), text)
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
  })
}

test('an error with a context shows the innermost cause only', () => {
  const error = new Error('outer', { cause: new Error('middle', { cause: new Error('the cause') }) })
  assert.equal(formatError(error, style), 'run: the cause [INTERNAL]\n')
  assert.equal(formatError(new ContextError('doing it', error), style), 'run: doing it: the cause [INTERNAL]\n')
})

test('with --debug every layer has a line of its own', () => {
  const error = new Error('outer', { cause: new Error('inner') })
  assert.equal(formatError(new ContextError('doing it', error), { ...style, debug: true }), 'run: doing it\n  └─outer\n    └─inner [INTERNAL]\n')
})

test('a coded error says what, why, its code and what to try', () => {
  const error = new RocketError('LAYER_DIGEST_MISMATCH', {
    what: 'layer a was not stored',
    why: 'it hashes to b',
    hint: 'fetch it again',
    cause: new Error('x'),
  })
  assert.equal(formatError(error, style), 'run: layer a was not stored: it hashes to b [LAYER_DIGEST_MISMATCH]\n  try: fetch it again\n')
  assert.deepEqual(JSON.parse(formatError(error, { ...style, json: true })), error.toDocument())
})

for (const [stage, verb, head] of [['network', 'up', 'network up'], ['stage1-oci', 'create-app', 'stage1-oci create-app'], ['fetch', 'fetch', 'fetch']] as const) {
  test(`an error that ${verb} of ${stage} raised says so`, () => {
    const error = new RocketError('NETWORK_NOT_FOUND', { what: 'networks not found', why: 'x' })
    error.raisedBy = { stage, verb }
    assert.equal(formatError(error, style), `run: ${head}: networks not found: x [NETWORK_NOT_FOUND]\n`)
    assert.equal(formatError(error, { ...style, debug: true }), `run: \n  └─${head}: networks not found: x [NETWORK_NOT_FOUND]\n`)
    const document = JSON.parse(formatError(error, { ...style, json: true })) as { stage?: string; verb?: string }
    assert.deepEqual({ stage: document.stage, verb: document.verb }, { stage, verb })
  })
}

test('a stage that has the name of the command is not named again', () => {
  const error = new RocketError('IMAGE_NOT_FOUND', { what: 'no image' })
  error.raisedBy = { stage: 'fetch', verb: 'fetch' }
  assert.equal(formatError(error, { ...style, prefix: 'fetch' }), 'fetch: no image [IMAGE_NOT_FOUND]\n')
})

test('an error of the system reads as rkt printed it', () => {
  const error = Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), { code: 'ENOENT', syscall: 'open', path: '/x' })
  assert.equal(formatError(error, style), 'run: open /x: no such file or directory [SYSCALL_FAILED]\n')
})
