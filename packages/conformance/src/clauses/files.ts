import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '@rocket/contracts'
import { runProgram } from '@rocket/host'
import type { PodFixture } from '../fixture/pod-fixture.ts'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { clause, shell, withPod } from './clause.ts'

type Mount = App['mounts'][number]

/** What the app sees of files, and where what it writes goes. */
export function testFiles(flavor: FlavorUnderTest): void {
  clause(flavor, 'what an app writes is kept with the pod, and not in the image', [], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo mine > /mine; echo changed > /etc/group') }] }, ({ fixture, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      const tree = join(fixture.storeDirectory, 'layers/busybox')
      assert.ok(!existsSync(join(tree, 'mine')))
      assert.match(readFileSync(join(tree, 'etc/group'), 'utf8'), /^root:/)
      assert.ok(runProgram('grep', ['-rqx', 'mine', fixture.podDirectory]).exitCode === 0, 'the file is below the pod directory')
    })
  })

  clause(flavor, 'a root that is read-only cannot be written', ['read-only-root'], () => {
    const app = { rootfs: { trees: ['store:layers/busybox'], readOnly: true } }
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo x > /x && exit 1; echo x > /etc/x && exit 2; exit 0'), app }] }, ({ result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    })
  })

  clause(flavor, 'without an overlay the root is a copy', [], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo mine > /mine; ls -l /bin/sh') }], pod: { overlay: false } }, ({ fixture, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      assert.ok(!existsSync(join(fixture.storeDirectory, 'layers/busybox/mine')))
    })
  })

  clause(flavor, 'a host volume is the directory of the host, read-only where it says so', ['volume-host'], () => {
    const script = 'cat /in/file; echo out > /out/file; echo x > /in/x && exit 1; exit 0'
    withPod(flavor, { apps: [{ name: 'one', exec: shell(script) }] }, ({ fixture, output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      assert.match(output, /^from the host$/m)
      assert.equal(readFileSync(join(fixture.directory, 'out/file'), 'utf8'), 'out\n')
      assert.deepEqual(readdirSync(join(fixture.directory, 'in')), ['file'])
    }, { before: (fixture) => mountVolumes(fixture, [volume(fixture, 'in', '/in', { readOnly: true }), volume(fixture, 'out', '/out')]) })
  })

  clause(flavor, 'the target of a volume never leads out of the root', ['volume-host'], () => {
    const canary = (fixture: PodFixture): string => join(fixture.directory, 'canary')
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo out > /link/deep/file') }] }, ({ fixture, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      assert.deepEqual(readdirSync(canary(fixture)), ['untouched'])
      assert.equal(readFileSync(join(fixture.directory, 'out/file'), 'utf8'), 'out\n')
    }, {
      before: (fixture) => {
        mkdirSync(canary(fixture))
        writeFileSync(join(canary(fixture), 'untouched'), '')
        symlinkSync(`../../../../../../../../../../..${canary(fixture)}`, join(fixture.storeDirectory, 'layers/busybox/link'))
        // In the root the link leads to a place of that name in the root.
        mkdirSync(join(fixture.storeDirectory, 'layers/busybox', canary(fixture)), { recursive: true })
        mountVolumes(fixture, [volume(fixture, 'out', '/link/deep')])
      },
    })
  })

  clause(flavor, 'an empty volume is made for the pod, with its mode and owner', ['volume-empty'], () => {
    const mounts = [{ volume: 'fresh', kind: 'empty', source: 'pod:sharedVolumes/fresh', target: '/fresh', readOnly: false, device: false }] as const
    const pod = { volumes: [{ kind: 'empty', name: 'fresh', mode: '750', uid: 1000, gid: 1000 }] } as const
    withPod(flavor, { apps: [{ name: 'one', exec: shell('echo x > /fresh/x; stat -c %a:%u:%g /fresh'), app: { mounts: [...mounts] } }], pod: { volumes: [...pod.volumes] } }, ({ fixture, output }) => {
      assert.match(output, /^750:1000:1000$/m)
      assert.equal(statSync(join(fixture.podDirectory, 'sharedVolumes/fresh/x')).size, 2)
    })
  })

  clause(flavor, 'resolv.conf and hosts are as the pod was told', ['dns', 'hosts'], () => {
    const start = {
      dns: { mode: 'given', nameservers: ['192.0.2.1'], search: ['example.com'], options: ['rotate'] },
      hosts: { mode: 'given', entries: [{ ip: '192.0.2.7', names: ['seven'] }, { ip: '192.0.2.7', names: ['sieben'] }] },
    } as const
    const given = { dns: { ...start.dns, nameservers: ['192.0.2.1'], search: ['example.com'], options: ['rotate'] }, hosts: { mode: 'given' as const, entries: start.hosts.entries.map((entry) => ({ ...entry, names: [...entry.names] })) } }
    withPod(flavor, { apps: [{ name: 'one', exec: shell('cat /etc/resolv.conf /etc/hosts') }], start: given }, ({ output }) => {
      assert.match(output, /^# Generated by rkt run\n\nsearch example.com\nnameserver 192.0.2.1\noptions rotate$/m)
      assert.match(output, /^192.0.2.7 seven sieben$/m)
    })
  })

  clause(flavor, "the image's own hosts file stands when nobody said otherwise", ['hosts'], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: ['/bin/cat', '/etc/hosts'] }] }, ({ output }) => assert.equal(output, '192.0.2.9 own\n'), {
      before: (fixture) => writeFileSync(join(fixture.storeDirectory, 'layers/busybox/etc/hosts'), '192.0.2.9 own\n'),
    })
  })
}

function volume(fixture: PodFixture, name: string, target: string, more: Partial<Mount> = {}): Mount {
  const source = join(fixture.directory, name)
  mkdirSync(source, { recursive: true })
  if (more.readOnly === true) writeFileSync(join(source, 'file'), 'from the host\n')
  return { volume: name, kind: 'host', source, target, readOnly: false, device: false, ...more }
}

function mountVolumes({ files }: PodFixture, mounts: Mount[]): void {
  files.write('App', { ...files.read('App', 'one'), mounts }, 'one')
}
