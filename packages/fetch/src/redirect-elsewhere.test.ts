import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const setUp = `
  hosts=$1; shift; mount --bind "$hosts" /etc/hosts
  ip link set lo up
  for address in 203.0.113.5 203.0.113.6 169.254.169.254; do ip addr add $address/32 dev lo; done
  exec "$@"`

test('F5: a registry elsewhere cannot send us to services of this machine or its link', { skip: process.geteuid?.() === 0 ? false : 'needs root' }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-elsewhere-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const hosts = join(directory, 'hosts')
  writeFileSync(hosts, '127.0.0.1 inside.example\n')
  const script = join(import.meta.dirname, 'testing/elsewhere.ts')
  const { status, stderr } = spawnSync('unshare', ['--net', '--mount', '--propagation=private', 'sh', '-ec', setUp, 'sh', hosts, process.execPath, script], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
})
