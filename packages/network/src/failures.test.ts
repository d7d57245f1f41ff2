import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import {
  becomeHost, cannotRun, down, failure, finish, interfaces, makePod, remove, traces, up, waitForNoInterfaces,
} from './world.testing.ts'

const skip = cannotRun ?? false
let base: string
before(() => {
  if (skip === false) base = becomeHost()
})
after(() => {
  if (skip === false) remove(base)
})

test('networks that are not configured are named, in rkt\'s words', { skip }, async () => {
  const pod = makePod(base, { networks: [{ name: 'default' }, { name: 'a' }, { name: 'b' }] })
  const error = await failure(pod, 'NETWORK_NOT_FOUND')
  assert.equal(error.what, 'networks not found: a, b')
  pod.kill()
})

test('a plugin that is not installed is named, with what to install, before anything is touched', { skip }, async () => {
  const localConfig = configure({ '10-x.conf': { cniVersion: '0.4.0', name: 'x', type: 'nosuchplugin' } })
  const pod = makePod(base, { networks: [{ name: 'x' }], localConfig })
  const error = await failure(pod, 'CNI_PLUGIN_MISSING')
  assert.match(error.message, /could not find plugin "nosuchplugin"/)
  assert.match(error.hint as string, /apt-get install containernetworking-plugins/)
  pod.kill()
})

test("a failing plugin gives its own words, and the networks before it are undone", { skip }, async () => {
  const localConfig = configure({
    '00-first.conf': ptp('first', '10.55.0.0/24'),
    '10-bad.conf': { cniVersion: '0.4.0', name: 'bad', type: 'failing' },
  }, {
    failing: `#!/bin/sh
      echo '{"cniVersion":"0.4.0","code":7,"msg":"it rained","details":"all day"}'
      [ "$CNI_COMMAND" = DEL ] || exit 1`,
  })
  const pod = makePod(base, { networks: [{ name: 'bad' }, { name: 'first' }], localConfig })
  const error = await failure(pod, 'CNI_PLUGIN_FAILED')
  assert.equal(error.message, 'error adding network "bad": plugin failing failed: it rained; all day')
  assert.deepEqual(traces(), [])
  assert.deepEqual(interfaces(), [])
  assert.equal(existsSync(join(pod.directory, 'net.json')), false)
  pod.kill()
})

test('the address pool being used up is the plugin\'s message, and frees nothing of others', { skip }, async () => {
  const localConfig = configure({ '10-tiny.conf': ptp('tiny', '10.54.0.0/30') })
  const first = makePod(base, { networks: [{ name: 'tiny' }], localConfig })
  await up(first)
  const second = makePod(base, { networks: [{ name: 'tiny' }], localConfig })
  const error = await failure(second, 'CNI_PLUGIN_FAILED')
  assert.match(error.message, /no IP addresses available/)
  assert.deepEqual(traces(), ['tiny/10.54.0.2'])
  second.kill()
  finish(first)
})

test('plugins of a list are told the result before them, and DEL comes in reverse order', { skip }, async () => {
  const log = join(base, 'log')
  const result = {
    cniVersion: '0.4.0', ips: [{ version: '4', address: '10.1.2.3/24' }], dns: { nameservers: ['10.1.2.1'], search: ['example.org'] },
  }
  const plugin = `#!/bin/sh
    input=$(cat)
    echo "$CNI_COMMAND $(basename "$0") $CNI_IFNAME $CNI_ARGS $input" >> ${log}
    [ "$CNI_COMMAND" = DEL ] || echo '${JSON.stringify(result)}'`
  const chain = { cniVersion: '0.4.0', name: 'chain', plugins: [{ type: 'one', mtu: 1400 }, { type: 'two' }] }
  const localConfig = configure({ '10-chain.conflist': chain }, { one: plugin, two: plugin })
  const pod = makePod(base, { networks: [{ name: 'chain', args: 'A=1' }], localConfig })
  await up(pod)
  assert.deepEqual(pod.context.files.read('Net').dns, { nameservers: ['10.1.2.1'], search: ['example.org'], options: [], from: 'chain' })
  finish(pod)
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  const calls = lines.map((line) => line.replace(/\{.*/, '').trim())
  assert.deepEqual(calls, ['ADD one eth0 A=1', 'ADD two eth0 A=1', 'DEL two eth0 A=1', 'DEL one eth0 A=1'])
  const inputs = lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>)
  assert.deepEqual(inputs.map((input) => [input.name, input.cniVersion, 'prevResult' in input, input.mtu]), [
    ['chain', '0.4.0', false, 1400], ['chain', '0.4.0', true, undefined],
    ['chain', '0.4.0', true, undefined], ['chain', '0.4.0', true, 1400],
  ])
})

test('a network that cannot be undone is told, the others are, and down succeeds once it can be', { skip }, async () => {
  const stuck = join(base, 'stuck')
  const localConfig = configure({ '10-sticky.conf': { cniVersion: '0.4.0', name: 'sticky', type: 'sticky' } }, {
    sticky: `#!/bin/sh
      [ "$CNI_COMMAND" = DEL ] && [ -e ${stuck} ] && { echo '{"code":11,"msg":"not now"}'; exit 1; }
      echo '{"cniVersion":"0.4.0"}'`,
  })
  writeFileSync(stuck, '')
  const pod = makePod(base, { networks: [{ name: 'default' }, { name: 'sticky' }], localConfig })
  await up(pod)
  pod.kill()
  const isTold = (error: unknown): boolean => isRocketError(error, 'NETWORK_NOT_UNDONE') && error.message.includes('not now')
  assert.throws(() => down(pod.uuid, pod.directory), isTold)
  assert.deepEqual(traces(), [])
  remove(stuck)
  finish(pod)
})

test('a damaged net.json does not keep the network from being undone', { skip }, async () => {
  const pod = makePod(base)
  await up(pod)
  writeFileSync(join(pod.directory, 'net.json'), '{')
  finish(pod)
})

for (const [file, text, why] of [
  ['10-a.conf', '{', 'cannot be read'],
  ['10-a.conf', '[]', 'it is not a JSON object'],
  ['10-a.conf', '{"type":"ptp"}', 'its name is missing'],
  ['10-a.conf', '{"name":"../x","type":"ptp"}', 'its name is missing or not a network name'],
  ['10-a.conf', '{"name":"x","type":"../../tmp/x"}', 'is not the name of a plugin'],
  ['10-a.conf', '{"name":"x"}', 'a plugin has no type'],
  ['10-a.conflist', '{"name":"x","plugins":[]}', 'it lists no plugins'],
] as const) {
  test(`refuses the configuration ${text} in ${file}: ${why}`, { skip }, async () => {
    const localConfig = mkdtempSync(join(base, 'config-'))
    mkdirSync(join(localConfig, 'net.d'))
    writeFileSync(join(localConfig, 'net.d', file), text)
    const pod = makePod(base, { localConfig })
    const error = await failure(pod, 'CONFIG_INVALID')
    assert.match(error.message, new RegExp(why))
    pod.kill()
  })
}

test('the first definition of a name wins and the other is told of; a built-in network can be replaced', { skip }, async () => {
  const localConfig = configure({
    '10-mine.conf': ptp('default', '10.53.0.0/24'),
    '20-late.conf': ptp('default', '10.52.0.0/24'),
  })
  const pod = makePod(base, { localConfig })
  await up(pod)
  assert.match(pod.context.files.read('Net').attachments[0]?.addresses[0] as string, /^10\.53\./)
  assert.deepEqual(pod.warnings, [
    `overriding "default" network with one from ${localConfig}/net.d`, '"default" network already defined, ignoring 20-late.conf',
  ])
  finish(pod)
  assert.deepEqual(waitForNoInterfaces(), [])
})

function ptp(name: string, subnet: string): object {
  return { cniVersion: '0.4.0', name, type: 'ptp', ipMasq: true, ipam: { type: 'host-local', subnet } }
}

function configure(files: Record<string, object>, plugins: Record<string, string> = {}): string {
  const localConfig = mkdtempSync(join(base, 'config-'))
  mkdirSync(join(localConfig, 'net.d'))
  for (const [name, value] of Object.entries(files)) writeFileSync(join(localConfig, 'net.d', name), JSON.stringify(value))
  for (const [name, text] of Object.entries(plugins)) {
    writeFileSync(join(localConfig, 'net.d', name), text)
    chmodSync(join(localConfig, 'net.d', name), 0o755)
  }
  return localConfig
}
