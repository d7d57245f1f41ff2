import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseDocument } from '@rocket/contracts'
import { makePodFixture, type PodFixture } from '../fixture/pod-fixture.ts'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { runVerb } from '../run-pod.ts'
import { clause, shell, withPod } from './clause.ts'

/** Bad input is refused in the contract's own way, and what is not a stage's to write stays as it was. */
export function testRefusals(flavor: FlavorUnderTest): void {
  clause(flavor, 'a program that does not exist ends the app as failed or with a code, and the pod all the same', [], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: ['/no/such/program'] }] }, ({ result }) => {
      const { failed, exitCode } = result.apps['one'] ?? {}
      assert.ok(failed !== undefined || (exitCode !== undefined && exitCode !== 0), JSON.stringify(result))
    })
  })

  clause(flavor, 'a volume without its source is refused before the app runs, with an error document', ['volume-host'], () => {
    const mounts = [
      { volume: 'gone', kind: 'host' as const, source: '/no/such/directory', target: '/gone', readOnly: false, device: false },
    ]
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo ran'), app: { mounts } }] }, ({ result, output }) => {
      assert.equal(result.failure?.exitCode, 254)
      const lines = (result.failure?.output ?? '').trimEnd().split('\n')
      assert.ok(parseDocument('ErrorDocument', lines.at(-1) ?? '', 'the last line').what.length > 0)
      assert.doesNotMatch(output, /^ran$/m)
    })
  })

  clause(flavor, 'the documents of others stay as they were', [], () => {
    let written: Record<string, string> = {}
    withPod(flavor, { apps: [{ name: 'one', exec: ['/bin/true'] }] }, ({ fixture }) => {
      for (const [file, text] of Object.entries(written)) assert.equal(readFileSync(join(fixture.podDirectory, file), 'utf8'), text, file)
      assert.equal(fixture.files.find('Run')?.supervision, flavor.declaration.supervision)
    }, { before: (fixture) => (written = documentsOf(fixture)) })
  })

  test('--dry-run prints a plan and changes nothing', () => {
    const fixture = makePodFixture(
      { flavor: flavor.declaration, apps: [{ name: 'one', exec: ['/bin/true'] }], start: { network: { mode: 'host' } } }
    )
    try {
      const [bootId, process] = ['none', { pid: 1, startTime: 1 }]
      const namespaces = {
        mount: '/proc/1/ns/mnt', pid: '/proc/1/ns/pid', network: '/proc/1/ns/net', ipc: '/proc/1/ns/ipc', uts: '/proc/1/ns/uts',
      }
      fixture.files.write(
        'Sandbox',
        { version: 1, uuid: fixture.uuid, madeAt: '2026-01-01T00:00:00.000Z', bootId, driver: process, holder: process, namespaces },
      )
      const { exitCode, stdout, stderr } = runVerb(flavor, fixture, 'create', '--dry-run')
      assert.equal(exitCode, 0, stderr)
      assert.equal(typeof JSON.parse(stdout), 'object')
      assert.ok(!existsSync(join(fixture.podDirectory, 'run.json')))
    } finally {
      fixture.remove()
    }
  })

  test('a verb that does not exist is refused', () => {
    const fixture = makePodFixture({ flavor: flavor.declaration, apps: [] })
    try {
      assert.equal(runVerb(flavor, fixture, 'no-such-verb').exitCode, 254)
    } finally {
      fixture.remove()
    }
  })
}

function documentsOf({ podDirectory }: PodFixture): Record<string, string> {
  const names = ['.', ...readdirSync(join(podDirectory, 'apps')).map((app) => `apps/${app}`)]
  return Object.fromEntries(names.flatMap((directory) => readdirSync(join(podDirectory, directory)).filter((name) => name.endsWith('.json'))
    .map((name) => [`${directory}/${name}`, readFileSync(join(podDirectory, directory, name), 'utf8')])))
}
