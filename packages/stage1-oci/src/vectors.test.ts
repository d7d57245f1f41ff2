import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AppRun, Run } from '@rocket/contracts'
import { planNotes } from './create.ts'
import { contracts, crun, example, machineWith } from './testing/examples.ts'
import { assertGolden } from './testing/golden.ts'
import { planVectors } from './vectors.ts'

for (const [name, terminal] of [['one-app', false], ['several-apps-web', false], ['one-app', true]] as const) {
  const file = terminal ? `${name}-terminal` : name
  test(`the vectors of ${file} are the contract's example`, () => {
    const app = example('App', `app/examples/${name}.json`)
    const options = { podDirectory: `/var/lib/rkt/pods/run/${app.uuid}`, terminal, capabilities: app.isolators.capabilities }
    const run: AppRun = {
      version: 1, uuid: app.uuid, app: app.app, instance: app.instance, handlers: {}, cleanup: [], ...planVectors(app, crun, options),
    }
    assertGolden(join(contracts, `app-run/examples/${file}.json`), run)
  })
}

test("what create writes is the contract's example", () => {
  const app = example('App', 'app/examples/several-apps-web.json')
  const machine = machineWith({ capabilities: [], memoryLimit: false })
  const start = example('Start', 'start/examples/several-apps.json')
  const run: Run = {
    version: 1, uuid: app.uuid, flavor: 'oci', supervision: 'apps', cleanup: [],
    runtime: { name: crun.name, path: crun.path, version: crun.version, cgroups: machine.cgroups },
    notes: planNotes({ ...app, isolators: { ...app.isolators, capabilitiesStated: [] } }, start, machine),
  }
  assertGolden(join(contracts, 'run/examples/several-apps.json'), run)
})

test('nobody enters with more than the app has', () => {
  const app = example('App', 'app/examples/several-apps-web.json')
  const { enter } = planVectors(app, crun, { podDirectory: '/pod', terminal: false, capabilities: ['CAP_NET_BIND_SERVICE'] })
  assert.ok(enter?.includes('--no-new-privs') && enter.includes('--cap=CAP_NET_BIND_SERVICE'))
})
