import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { makeRootfs } from './first-image.ts'

const directory = mkdtempSync(join(tmpdir(), 'rkt-quickstart-'))
after(() => rmSync(directory, { recursive: true }))

test('the root file system holds a program that needs nothing else', (context) => {
  try {
    makeRootfs(directory)
  } catch (error) {
    if (!isRocketError(error, 'PROGRAM_FAILED') && !isRocketError(error, 'PROGRAM_MISSING')) throw error
    context.skip(`no static busybox to be had here: ${error.message}`)
    return
  }
  const { stdout } = spawnSync(join(directory, 'rootfs/bin/sh'), ['-c', 'echo "$0 runs"'], { encoding: 'utf8', env: {} })
  assert.match(stdout, /bin\/sh runs\n$/)
})
