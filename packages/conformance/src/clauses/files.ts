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
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('echo x > /x && exit 1; echo x > /etc/x && exit 2; exit 0'), app }],
    }, ({ result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    })
  })

  clause(flavor, 'without an overlay the root is a copy', [], () => {
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('echo mine > /mine; ls -l /bin/sh') }], pod: { overlay: false },
    }, ({ fixture, result }) => {
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

  clause(flavor, 'a read-only volume is read-only with all that is mounted below it', ['volume-host'], () => {
    const script = 'cat /in/below/file; echo x > /in/below/x && exit 1; exit 0'
    withPod(flavor, { apps: [{ name: 'one', exec: shell(script) }] }, ({ output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } }, output)
      assert.match(output, /^below$/m)
    }, {
      before: (fixture) => mountVolumes(fixture, [volume(fixture, 'in', '/in', { readOnly: true, recursive: true })]),
      host: ({ directory }) => {
        const below = join(directory, 'in/below')
        return { before: `mkdir ${below}; mount -t tmpfs none ${below}; echo below > ${below}/file`, beside: ':' }
      },
    })
  })

  clause(flavor, 'without recursion, what is mounted below a volume is not seen', ['volume-host'], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: shell('test -e /in/below/file && exit 1; exit 0') }] }, ({ result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    }, {
      before: (fixture) => mountVolumes(fixture, [volume(fixture, 'in', '/in', { recursive: false })]),
      host: ({ directory }) => {
        const below = join(directory, 'in/below')
        return { before: `mkdir ${below}; mount -t tmpfs none ${below}; echo below > ${below}/file`, beside: ':' }
      },
    })
  })

  clause(flavor, 'what the host mounts below a volume later on is seen, and no mount of the pod goes out', [
    'volume-host', 'host-propagation',
  ], () => {
    const script = 'touch /ready; for i in $(seq 200); do test -e /out/late/file && exit 0; sleep 0.05; done; exit 1'
    withPod(flavor, { apps: [{ name: 'one', exec: shell(script) }] }, ({ fixture, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      const outside = readFileSync(join(fixture.directory, 'mounts'), 'utf8').split('\n').filter((line) => line.includes(fixture.directory))
      assert.deepEqual(outside.map((line) => line.split(' ')[4]), [join(fixture.directory, 'out/late')])
    }, {
      before: (fixture) => mountVolumes(fixture, [volume(fixture, 'out', '/out', { recursive: true })]),
      host: ({ directory, podDirectory }) => {
        const late = join(directory, 'out/late')
        return {
          before: `mkdir ${late}`,
          beside: `for i in $(seq 200); do test -e ${podDirectory}/overlay/one/upper/ready && break; sleep 0.05; done
            mount -t tmpfs none ${late}; cat /proc/self/mountinfo > ${directory}/mounts; echo > ${late}/file`,
        }
      },
    })
  })

  clause(flavor, 'a device as a volume can be opened', ['volume-host', 'devices'], () => {
    const mounts = [
      { volume: 'node', kind: 'host', source: '/dev/loop-control', target: '/dev/mine', readOnly: false, device: true },
    ] as const
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('dd if=/dev/mine count=0'), app: { mounts: [...mounts] } }],
    }, ({ output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } }, output)
    })
  })

  clause(flavor, 'an empty volume is made for the pod, with its mode and owner', ['volume-empty'], () => {
    const mounts = [
      { volume: 'fresh', kind: 'empty', source: 'pod:sharedVolumes/fresh', target: '/fresh', readOnly: false, device: false },
    ] as const
    const pod = { volumes: [{ kind: 'empty', name: 'fresh', mode: '750', uid: 1000, gid: 1000 }] } as const
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('echo x > /fresh/x; stat -c %a:%u:%g /fresh'), app: { mounts: [...mounts] } }],
      pod: { volumes: [...pod.volumes] },
    }, ({ fixture, output }) => {
      assert.match(output, /^750:1000:1000$/m)
      assert.equal(statSync(join(fixture.podDirectory, 'sharedVolumes/fresh/x')).size, 2)
    })
  })

  clause(flavor, 'resolv.conf and hosts are as the pod was told', ['dns', 'hosts'], () => {
    const start = {
      dns: { mode: 'given', nameservers: ['192.0.2.1'], search: ['example.com'], options: ['rotate'] },
      hosts: { mode: 'given', entries: [{ ip: '192.0.2.7', names: ['seven'] }, { ip: '192.0.2.7', names: ['sieben'] }] },
    } as const
    const given = {
      dns: { ...start.dns, nameservers: ['192.0.2.1'], search: ['example.com'], options: ['rotate'] },
      hosts: { mode: 'given' as const, entries: start.hosts.entries.map((entry) => ({ ...entry, names: [...entry.names] })) },
    }
    withPod(flavor, { apps: [{ name: 'one', exec: shell('cat /etc/resolv.conf /etc/hosts') }], start: given }, ({ output }) => {
      assert.match(output, /^# Generated by rkt run\n\nsearch example.com\nnameserver 192.0.2.1\noptions rotate$/m)
      assert.match(output, /^192.0.2.7 seven sieben$/m)
    })
  })

  clause(flavor, "a resolv.conf that the image links to a place outside is written to nowhere but the app's own", ['dns'], () => {
    const start = { dns: { mode: 'given' as const, nameservers: ['192.0.2.1'], search: [], options: [] } }
    withPod(flavor, { apps: [{ name: 'one', exec: ['/bin/cat', '/etc/resolv.conf'] }], start }, ({ fixture, output }) => {
      assert.match(output, /^nameserver 192.0.2.1$/m)
      assert.equal(readFileSync(join(fixture.directory, 'canary'), 'utf8'), 'untouched')
    }, {
      before: ({ directory, storeDirectory }) => {
        writeFileSync(join(directory, 'canary'), 'untouched')
        symlinkSync(join(directory, 'canary'), join(storeDirectory, 'layers/busybox/etc/resolv.conf'))
      },
    })
  })

  clause(flavor, "the image's own hosts file stands when nobody said otherwise", ['hosts'], () => {
    withPod(flavor, {
      apps: [{ name: 'one', exec: ['/bin/cat', '/etc/hosts'] }],
    }, ({ output }) => assert.equal(output, '192.0.2.9 own\n'), {
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
