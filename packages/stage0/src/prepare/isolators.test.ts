import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AppRequest, Feature, Isolators } from '@rocket/contracts'
import { defaultCapabilities } from './capabilities.ts'
import { planIsolators } from './isolators.ts'
import type { IsolatorEntry } from './isolator-entry.ts'
import { Notes } from './notes.ts'

const features = new Set<Feature>(['isolator-capabilities', 'isolator-seccomp'])

const machine: readonly string[] = [...defaultCapabilities, 'CAP_NET_ADMIN']

interface Planned {
  isolators: Isolators
  notes: Notes
}

function plan(image: IsolatorEntry[], request: AppRequest['isolators'] = {}, boundingSet = machine): Planned {
  const notes = new Notes()
  return {
    isolators: planIsolators({ imageName: 'example.com/web', image, request, features, boundingSet: () => new Set(boundingSet) }, notes),
    notes,
  }
}

test('an app of which nobody says anything has the default sets and needs nothing', () => {
  const { isolators, notes } = plan([])
  assert.deepEqual(isolators, {
    capabilities: defaultCapabilities, capabilitiesStated: [], seccomp: { mode: 'default' }, noNewPrivileges: true,
  })
  assert.deepEqual(notes.needs, [])
})

test('of several limits the last wins, and the command line speaks last', () => {
  const image = [
    { name: 'resource/memory', value: { limit: '64Mi' } }, { name: 'resource/memory', value: { request: '1G', limit: '128Mi' } },
    { name: 'resource/cpu', value: { limit: 2 } },
  ]
  assert.equal(plan(image).isolators.memoryBytes, 128 * 2 ** 20)
  const { isolators, notes } = plan(image, { memory: '256M' })
  assert.deepEqual([isolators.memoryBytes, isolators.cpuMillis], [256_000_000, 2000])
  assert.deepEqual(notes.needs, [
    { feature: 'isolator-memory', statedBy: '--memory' },
    { feature: 'isolator-cpu', statedBy: 'image example.com/web isolator resource/cpu' },
  ])
})

test('limits are whole units, never rounded down', () => {
  const suffix = fc.constantFrom(['', 0], ['k', 3], ['M', 6], ['G', 9], ['e4', 4]) as fc.Arbitrary<[string, number]>
  fc.assert(fc.property(fc.integer({ min: 4096, max: 9000 }), fc.nat(999), suffix, (whole, fraction, [name, power]) => {
    const quantity = `${whole}.${String(fraction).padStart(3, '0')}${name}`
    const { memoryBytes, cpuMillis } = plan([], { memory: quantity, cpu: quantity }).isolators
    const thousandths = BigInt(whole) * 1000n + BigInt(fraction)
    assert.equal(BigInt(memoryBytes as number), (thousandths * 10n ** BigInt(power) + 999n) / 1000n)
    assert.equal(BigInt(cpuMillis as number), thousandths * 10n ** BigInt(power))
  }))
  assert.equal(plan([], { memory: '9Ei' }).isolators.memoryBytes, Number.MAX_SAFE_INTEGER)
})

test('shares and score of the command line replace those of the image', () => {
  const image = [{ name: 'os/linux/cpu-shares', value: 100 }, { name: 'os/linux/oom-score-adj', value: -5 }]
  assert.deepEqual([plan(image).isolators.cpuShares, plan(image).isolators.oomScoreAdj], [100, -5])
  const { isolators } = plan(image, { cpuShares: 2, oomScoreAdj: 1000 })
  assert.deepEqual([isolators.cpuShares, isolators.oomScoreAdj], [2, 1000])
})

test('capability sets: retained are united, removed leave the default, the command line replaces both', () => {
  const retain = (set: string[]): IsolatorEntry => ({ name: 'os/linux/capabilities-retain-set', value: { set } })
  const remove = { name: 'os/linux/capabilities-remove-set', value: { set: ['CAP_MKNOD', 'CAP_SYS_ADMIN'] } }
  const retained = plan([retain(['CAP_NET_ADMIN']), retain(['CAP_KILL', 'CAP_NET_ADMIN'])]).isolators
  assert.deepEqual([retained.capabilities, retained.capabilitiesStated], [['CAP_KILL', 'CAP_NET_ADMIN'], ['CAP_KILL', 'CAP_NET_ADMIN']])
  assert.deepEqual(plan([remove]).isolators.capabilities, defaultCapabilities.filter((name) => name !== 'CAP_MKNOD'))
  assert.deepEqual(plan([remove], { capsRetain: ['CAP_CHOWN'] }).isolators.capabilities, ['CAP_CHOWN'])
  assert.deepEqual(
    plan([retain(['CAP_NET_ADMIN'])], { capsRemove: ['CAP_CHOWN'] }).isolators.capabilities,
    defaultCapabilities.filter((name) => name !== 'CAP_CHOWN'),
  )
})

test('what the machine lacks of the default set is warned of and left out', () => {
  const { isolators, notes } = plan([], {}, ['CAP_KILL', 'CAP_CHOWN'])
  assert.deepEqual(isolators.capabilities, ['CAP_CHOWN', 'CAP_KILL'])
  assert.match(notes.warnings.join(), /apps do without CAP_AUDIT_WRITE, CAP_DAC_OVERRIDE/)
})

for (const [what, entry, option, expected] of [
  [
    'retain one call', { name: 'os/linux/seccomp-retain-set', value: { set: ['write', 'read', 'read'], errno: 'EPERM' } }, undefined,
    { mode: 'allow', syscalls: ['read', 'write'], errno: 'EPERM' },
  ],
  [
    'remove one call', { name: 'os/linux/seccomp-remove-set', value: { set: ['reboot'], errno: '' } }, undefined,
    { mode: 'deny', syscalls: ['reboot'] },
  ],
  [
    'retain everything', { name: 'os/linux/seccomp-retain-set', value: { set: ['@appc.io/all', 'read'] } }, undefined,
    { mode: 'unconfined' },
  ],
  ['remove nothing', { name: 'os/linux/seccomp-remove-set', value: { set: ['@appc.io/empty'] } }, undefined, { mode: 'default' }],
  [
    'a set of systemd', { name: 'os/linux/seccomp-remove-set', value: { set: ['@systemd/clock'] } }, undefined,
    { mode: 'deny', syscalls: ['adjtimex', 'clock_adjtime', 'clock_settime', 'settimeofday', 'stime'] },
  ],
  [
    'the option instead of the image', { name: 'os/linux/seccomp-retain-set', value: { set: ['read'] } }, 'mode=remove,errno=ENOSYS,mount',
    { mode: 'deny', syscalls: ['mount'], errno: 'ENOSYS' },
  ],
] as const) {
  test(
    `seccomp: ${what}`, () => assert.deepEqual(plan([entry], option === undefined ? {} : { seccomp: option }).isolators.seccomp, expected),
  )
}

test('seccomp: rkt\'s allow list knows the calls of today, and unknown sets are warned of', () => {
  const { isolators, notes } = plan([{
    name: 'os/linux/seccomp-retain-set', value: { set: ['@rkt/default-whitelist', 'mount', '@none/such'] },
  }])
  const { seccomp } = isolators
  assert.ok(seccomp.mode === 'allow')
  for (const name of ['read', 'statx', 'clone3', 'rseq', 'openat2', 'mount']) assert.ok(seccomp.syscalls.includes(name), name)
  for (const name of ['umount2', 'reboot', 'bpf', 'keyctl']) assert.ok(!seccomp.syscalls.includes(name), name)
  assert.deepEqual(seccomp.syscalls, [...new Set(seccomp.syscalls)].sort())
  assert.match(notes.warnings.join(), /unknown set of system calls @none\/such/)
})

for (const [values, expected] of [[[false], false], [[true], true], [[false, true], true]] as const) {
  test(`no-new-privileges ${values.join(' and ')} is ${expected}`, () => {
    assert.equal(plan(values.map((value) => ({ name: 'os/linux/no-new-privileges', value }))).isolators.noNewPrivileges, expected)
  })
}

test('isolators that are not enforced are said to be so', () => {
  assert.match(
    plan([{ name: 'resource/block-iops', value: { default: true, limit: '5' } }]).notes.warnings.join(),
    /isolator resource\/block-iops is not enforced/,
  )
})
