import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findProgram, runProgramOrFail } from '@rocket/host'
import { writeCpio } from './cpio.ts'

const directory = mkdtempSync(join(tmpdir(), 'cpio-'))
after(() => rmSync(directory, { recursive: true }))

test('what is written is what cpio reads', { skip: findProgram('cpio') === undefined ? 'there is no cpio' : false }, () => {
  const bytes = writeCpio([
    { path: '/bin', mode: 0o040755, content: Buffer.alloc(0) },
    { path: '/bin/odd', mode: 0o100755, content: Buffer.from('12345') },
    { path: '/bin/sh', mode: 0o120777, content: Buffer.from('odd') },
  ])
  runProgramOrFail('cpio', ['--extract', '--quiet'], { cwd: directory, input: bytes })
  assert.equal(readFileSync(join(directory, 'bin/odd'), 'utf8'), '12345')
  assert.equal(statSync(join(directory, 'bin/odd')).mode & 0o777, 0o755)
  assert.equal(readlinkSync(join(directory, 'bin/sh')), 'odd')
})
