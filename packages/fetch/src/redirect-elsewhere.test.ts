import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const setUp = `
  ip link set lo up
  for address in 203.0.113.5 203.0.113.6 169.254.169.254; do ip addr add $address/32 dev lo; done
  exec "$@"`

test('F5: a registry elsewhere cannot send us to services of this machine or its link', { skip: process.geteuid?.() === 0 ? false : 'needs root' }, () => {
  const script = join(import.meta.dirname, 'testing/elsewhere.ts')
  const { status, stderr } = spawnSync('unshare', ['-n', 'sh', '-ec', setUp, 'sh', process.execPath, script], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
})
