import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { shell, withPod } from './clauses/clause.ts'
import { readFlavor } from './flavor-under-test.ts'

const reference = join(import.meta.dirname, '../reference')
const flavor = readFlavor(join(reference, 'flavor-pod-sh'))
const network = [join(reference, 'network.sh')]
const skip = process.getuid?.() === 0 ? false : 'pods need root'
const withoutNet = { network, before: ({ podDirectory }: { podDirectory: string }) => rmSync(join(podDirectory, 'net.json')) }

test('a flavor and a network stage in plain shell make a pod together', { skip }, () => {
  withPod(flavor, {
    apps: [{ name: 'one', exec: shell('ifconfig lo | grep -q UP && ifconfig -a | grep -c ^[a-z]') }],
  }, ({ fixture, output, result }) => {
    assert.deepEqual([result.apps, output], [{ one: { exitCode: 0 } }, '1\n'])
    assert.equal(fixture.files.read('Net').mode, 'none')
  }, withoutNet)
})

test('a network that it does not know is refused before stage1 begins', { skip }, () => {
  const start = { network: { mode: 'contained' as const, networks: [{ name: 'default' }] } }
  withPod(flavor, { apps: [{ name: 'one', exec: ['/bin/true'] }], start }, ({ fixture, result }) => {
    assert.equal(result.failure?.verb, 'up')
    assert.match(result.failure?.output ?? '', /NETWORK_NOT_FOUND/)
    assert.ok(!existsSync(join(fixture.podDirectory, 'run.json')))
  }, withoutNet)
})
