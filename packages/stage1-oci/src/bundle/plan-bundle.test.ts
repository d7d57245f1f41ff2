import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { etcFiles, isRocketError, type App } from '@rocket/contracts'
import { OciRuntimeConfig } from '@rocket/contracts/schemas'
import { assertGolden } from '../testing/golden.ts'
import { example, inputOf, machineWith } from '../testing/examples.ts'
import { type BundleInput, planBundle } from './plan-bundle.ts'

const goldens = join(import.meta.dirname, '../goldens')
const oneApp = 'app/examples/one-app.json'
const web = 'app/examples/several-apps-web.json'

function withIsolators(input: BundleInput, isolators: Partial<App['isolators']>): BundleInput {
  return { ...input, app: { ...input.app, isolators: { ...input.app.isolators, ...isolators } } }
}

for (const [name, input] of [
  ['one-app', inputOf('one-app', oneApp)],
  ['several-apps-web', inputOf('several-apps', web, {
    etc: etcFiles(example('Start', 'start/examples/several-apps.json'), example('Net', 'net/examples/several-apps.json')),
  })],
  ['insecure', inputOf('one-app', oneApp, {
    start: {
      ...example('Start', 'start/examples/one-app.json'), ipc: 'parent', insecure: { capabilities: true, paths: true, seccomp: true },
    },
    machine: machineWith({ capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] }), sandbox: example('Sandbox', 'sandbox/examples/degraded.json'),
  })],
] as const) {
  test(`the documents of ${name} are translated as the golden says`, () => {
    const { linux: { seccomp, ...linux }, ...config } = planBundle(input)
    assertGolden(
      join(goldens, `${name}.json`), { ...config, linux: { ...linux, ...(seccomp === undefined ? {} : { seccomp: 'see plan-seccomp' }) } }
    )
    assert.doesNotThrow(() => OciRuntimeConfig.parse(planBundle(input)))
  })
}

test('root keeps its bounding set, other users have nothing effective', () => {
  const input = inputOf('one-app', oneApp)
  const asUser = { ...input, app: { ...input.app, user: { uid: 1000, gid: 1000, supplementaryGids: [7] } } }
  assert.equal(planBundle(input).process.capabilities.effective.length, 14)
  const { capabilities, user } = planBundle(asUser).process
  assert.deepEqual(
    [capabilities.bounding.length, capabilities.effective, capabilities.permitted, capabilities.inheritable, capabilities.ambient],
    [14, [], [], [], []],
  )
  assert.deepEqual(user, { uid: 1000, gid: 1000, additionalGids: [7] })
})

test('an app on a terminal knows a type of it, unless it has its own word', () => {
  const input = inputOf('one-app', oneApp)
  const streams = { [input.app.app]: { stdin: 'tty', stdout: 'tty', stderr: 'tty' } } as const
  const onTerminal = { ...input, start: { ...input.start, streams } }
  const ofItsOwn = { ...onTerminal, app: { ...input.app, environment: [{ name: 'TERM', value: 'vt100' }] } }
  assert.ok(!planBundle(input).process.env.some((variable) => variable.startsWith('TERM=')))
  assert.ok(planBundle(onTerminal).process.env.includes('TERM=xterm'))
  assert.deepEqual(planBundle(ofItsOwn).process.env, ['TERM=vt100'])
})

test('a capability that the machine lacks is left out, and refused where it was stated', () => {
  const machine = machineWith({ capabilities: ['CAP_KILL'] })
  const input = inputOf('one-app', oneApp, { machine })
  assert.deepEqual(planBundle(input).process.capabilities.bounding, ['CAP_KILL'])
  assert.throws(() => planBundle(withIsolators(input, { capabilitiesStated: ['CAP_CHOWN'] })), (error) =>
    isRocketError(error, 'CAPABILITY_UNAVAILABLE') && error.message.includes('CAP_CHOWN'))
})

for (const [what, isolators, machine, expected] of [
  ['memory, and swap with it', { memoryBytes: 1 << 20 }, {}, { memory: { limit: 1 << 20, swap: 1 << 20 } }],
  ['memory alone without swap accounting', { memoryBytes: 1 << 20 }, { swapLimit: false }, { memory: { limit: 1 << 20 } }],
  ['nothing without the controller', { memoryBytes: 1 << 20, cpuMillis: 500 }, { memoryLimit: false, cpuLimit: false }, {}],
  ['half a processor', { cpuMillis: 500 }, {}, { cpu: { quota: 50_000, period: 100_000 } }],
  ['a hundredth, over a longer period', { cpuMillis: 1 }, {}, { cpu: { quota: 1000, period: 1_000_000 } }],
  ['shares', { cpuShares: 512 }, {}, { cpu: { shares: 512 } }],
] as const) {
  test(`limits ${what}`, () => {
    const { devices, ...limits } = planBundle(
      withIsolators(inputOf('one-app', oneApp, { machine: machineWith(machine) }), isolators)
    ).linux.resources
    assert.deepEqual(limits, expected)
    assert.deepEqual(devices, [{ allow: false, access: 'rwm' }])
  })
}

test('an out-of-memory score that we may not give becomes the lowest that we may', () => {
  const input = withIsolators(inputOf('one-app', oneApp, { machine: machineWith({ leastOomScoreAdj: 0 }) }), { oomScoreAdj: -500 })
  assert.equal(planBundle(input).process.oomScoreAdj, 0)
  assert.equal(planBundle({ ...input, machine: machineWith() }).process.oomScoreAdj, -500)
})

test('a volume that is a device is opened for the app, and only as far as it may', () => {
  const input = inputOf('one-app', oneApp)
  const mount = { volume: 'null', kind: 'host', source: '/dev/null', target: '/dev/mine', readOnly: true, device: true } as const
  const config = planBundle(
    { ...input, app: { ...input.app, mounts: [mount] }, sources: [{ path: '/dev/null', device: { type: 'c', major: 1, minor: 3 } }] }
  )
  assert.deepEqual(config.linux.resources.devices[1], { allow: true, type: 'c', major: 1, minor: 3, access: 'r' })
  assert.deepEqual(config.mounts.find((one) => one.destination === '/dev/mine')?.options, ['rbind', 'rslave', 'ro'])
})

test('a volume takes the place of a file system of the kernel, and a generated file that of a volume', () => {
  const input = inputOf('one-app', oneApp)
  const over = (target: string): App['mounts'][number] => (
    { volume: 'v', kind: 'host', source: '/v', target, readOnly: false, device: false }
  )
  const etc = [{ target: '/etc/hosts', source: '/etc/hosts', onlyIfAbsent: false, readOnly: true }]
  const { mounts } = planBundle(
    { ...input, etc, app: { ...input.app, mounts: [over('/dev/shm'), over('/etc/hosts')] }, sources: [{ path: '/v' }, { path: '/v' }] }
  )
  assert.deepEqual(mounts.filter((mount) => mount.destination === '/dev/shm').map((mount) => mount.source), ['/v'])
  assert.deepEqual(mounts.filter((mount) => mount.destination === '/etc/hosts').map((mount) => mount.source), ['/v', '/etc/hosts'])
})

test('nothing of the image becomes an option of the runtime', () => {
  const input = inputOf('one-app', oneApp)
  const app = {
    ...input.app, annotations: [{ name: 'run.oci.handler', value: 'krun' }], userAnnotations: { 'run.oci.hooks.stderr': '/x' },
    userLabels: { a: 'b' },
  }
  assert.deepEqual(planBundle({ ...input, app }).annotations, {})
})
