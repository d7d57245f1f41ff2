import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bindMount, findProgram, unmount } from '@rocket/host'
import { masqueradeRemoval } from './iptables.ts'
import { becomeHost, cannotRun, down, leases, makePod, remove, run, up } from './world.testing.ts'

const iptables = findProgram('iptables-save')
const skip = cannotRun ?? (iptables === undefined ? 'needs iptables' : false)
const nft = findProgram('nft') as string
let base: string
before(() => {
  if (skip !== false) return
  base = becomeHost()
  bindMount('/dev/null', nft)
})
after(() => {
  if (skip !== false) return
  unmount(nft)
  remove(base)
})

for (const end of ['while the pod lives', 'after it was killed'] as const) {
  test(`without nft the plugins do ports and masquerading, and down leaves nothing ${end}`, { skip }, async () => {
    const pod = makePod(base, { ports: [{ name: 'http', app: 'web', protocol: 'tcp', podPort: 80, hostPort: 8080 }] })
    await up(pod)
    const rules = run('iptables-save', '-t', 'nat')
    assert.match(rules, /-A CNI-DN-\w+ .*--dport 8080 .*--to-destination 172\.16\.28\.\d+:80/)
    assert.match(rules, /-A CNI-\w+ .*-j MASQUERADE/)
    if (end === 'after it was killed') pod.kill()
    down(pod.uuid, pod.directory)
    const left = run('iptables-save', '-t', 'nat').split('\n')
    assert.deepEqual(left.filter((line) => line.includes(pod.uuid) || /^:CNI-[0-9a-f]|^:CNI-DN-/.test(line)), [])
    assert.deepEqual(leases(), [])
    pod.kill()
  })
}

test('takes back only the masquerade chains it was told of', () => {
  const saved = [
    '*nat', ':POSTROUTING ACCEPT [0:0]', ':CNI-aaa - [0:0]', ':CNI-bbb - [0:0]',
    '-A POSTROUTING -s 10.0.0.2/32 -m comment --comment "name: \\"a\\" id: \\"x\\"" -j CNI-aaa', '-A POSTROUTING -s 10.0.0.3/32 -j CNI-bbb',
    '-A CNI-aaa -j MASQUERADE', 'COMMIT',
  ].join('\n')
  assert.equal(masqueradeRemoval(saved, ['CNI-aaa', 'CNI-ccc']), [
    '*nat', '-D POSTROUTING -s 10.0.0.2/32 -m comment --comment "name: \\"a\\" id: \\"x\\"" -j CNI-aaa', '-F CNI-aaa', '-X CNI-aaa',
    'COMMIT', '',
  ].join('\n'))
  assert.equal(masqueradeRemoval(saved, ['CNI-ccc']), '')
})
