import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { clause, shell, withPod } from './clause.ts'

const status = (field: string): string => `grep ^${field}: /proc/self/status | { read name value; echo $value; }`

/** What is forbidden, is. */
export function testConfinement(flavor: FlavorUnderTest): void {
  clause(flavor, 'an app has the capabilities it is given and no others', ['isolator-capabilities'], () => {
    const app = { name: 'one', exec: shell(status('CapBnd')), isolators: { capabilities: ['CAP_CHOWN', 'CAP_KILL'] } }
    withPod(flavor, { apps: [app] }, ({ output }) => assert.equal(output, '0000000000000021\n'))
  })

  clause(flavor, 'a user other than root has no effective capability', ['isolator-capabilities'], () => {
    const app = { name: 'one', exec: shell(status('CapEff')), app: { user: { uid: 1000, gid: 1000, supplementaryGids: [5, 6] } } }
    withPod(flavor, { apps: [app] }, ({ output }) => assert.equal(output, '0000000000000000\n'))
  })

  clause(flavor, 'who enters has no more capabilities than the app, and its filter', [
    'enter', 'isolator-capabilities', 'isolator-seccomp',
  ], () => {
    for (const uid of [0, 1000]) {
      const app = {
        name: 'one', exec: shell(
          'touch /ready /dev/shm/ready; while ! test -e /dev/shm/leave; do sleep 0.05; done'
        ), app: { user: { uid, gid: uid, supplementaryGids: [] } },
        isolators: { capabilities: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE'], noNewPrivileges: true },
      }
      const steps = [
        { kind: 'wait-ready', app: 'one' },
        {
          kind: 'enter', app: 'one',
          argv: shell('grep -E "^(CapBnd|CapEff|NoNewPrivs|Seccomp|Uid):" /proc/self/status; readlink /proc/self/ns/pid /proc/self/ns/net'),
        },
        { kind: 'enter', app: 'one', argv: ['/bin/touch', '/dev/shm/leave'] },
      ] as const
      withPod(flavor, { apps: [app] }, ({ result }) => {
        const said = result.entered[0]?.output ?? ''
        assert.match(said, /^Uid:\t0\t0/m)
        assert.match(said, /^CapEff:\t0000000000000003$/m)
        assert.match(said, /^CapBnd:\t0000000000000003$/m)
        assert.match(said, /^NoNewPrivs:\t1$/m)
        assert.match(said, /^Seccomp:\t2$/m)
      }, { steps, before: (fixture) => chmodSync(join(fixture.storeDirectory, 'layers/busybox'), 0o1777) })
    }
  })

  clause(flavor, 'no new privileges is set where the app wants it, and only there', ['isolator-no-new-privileges'], () => {
    for (const noNewPrivileges of [true, false]) {
      const app = { name: 'one', exec: shell(status('NoNewPrivs')), isolators: { noNewPrivileges } }
      withPod(flavor, { apps: [app] }, ({ output }) => assert.equal(output, `${Number(noNewPrivileges)}\n`))
    }
  })

  clause(flavor, 'a forbidden system call is refused or kills, as the app was told', ['isolator-seccomp'], () => {
    const exec = shell('chmod 700 /etc/group; exit $?')
    const calls = ['chmod', 'fchmod', 'fchmodat', 'fchmodat2']
    withPod(flavor, {
      apps: [{ name: 'one', exec, isolators: { seccomp: { mode: 'deny', syscalls: calls, errno: 'EPERM' } } }],
    }, ({ output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 1 } })
      assert.match(output, /Operation not permitted/)
    })
    withPod(flavor, {
      apps: [{ name: 'one', exec: ['/bin/chmod', '700', '/etc/group'], isolators: { seccomp: { mode: 'deny', syscalls: calls } } }],
    }, ({ result }) => {
      assert.deepEqual(result.apps, { one: { signal: 31 } })
    })
  })

  clause(flavor, 'an allow list allows what is in it', ['isolator-seccomp'], () => {
    const syscalls = [
      'arch_prctl', 'set_tid_address', 'set_robust_list', 'prlimit64', 'readlink', 'readlinkat', 'getrandom', 'mprotect', 'brk', 'getuid',
      'setgid', 'setuid', 'write', 'exit_group', 'rseq',
    ]
    const isolators = { seccomp: { mode: 'allow' as const, syscalls, errno: 'EPERM' }, noNewPrivileges: true }
    withPod(flavor, { apps: [{ name: 'one', exec: ['/bin/echo', 'alive'], isolators }] }, ({ output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      assert.equal(output, 'alive\n')
    })
  })

  clause(flavor, 'mount and other calls for administrators are refused', ['isolator-seccomp'], () => {
    const app = { name: 'one', exec: shell('mount -t tmpfs none /tmp && exit 1; exit 0') }
    withPod(flavor, { apps: [app] }, ({ result }) => assert.deepEqual(result.apps, { one: { exitCode: 0 } }))
  })

  clause(flavor, 'kernel interfaces are hidden or cannot be written', ['masked-paths'], () => {
    const script = [
      'echo 1 > /proc/sys/kernel/core_pattern && exit 1', 'echo h > /proc/sysrq-trigger && exit 2', 'test -s /proc/kallsyms && exit 3',
      'ls /sys/fs/* 2>/dev/null && exit 4', 'touch /sys/x && exit 5', 'exit 0',
    ].join('; ')
    withPod(
      flavor, { apps: [{ name: 'one', exec: shell(script) }] }, ({ result }) => assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    )
  })

  clause(flavor, 'a /dev/null of the image leads no mask astray', ['masked-paths'], () => {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8')
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('cat /proc/kallsyms /proc/keys /proc/timer_list; stat -c %t:%T /dev/null') }],
    }, ({ output, result }) => {
      assert.deepEqual([result.apps, output], [{ one: { exitCode: 0 } }, '1:3\n'])
      assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), pattern)
    }, {
      before: ({ storeDirectory }) => {
        mkdirSync(join(storeDirectory, 'layers/busybox/dev'))
        symlinkSync('/proc/sys/kernel/core_pattern', join(storeDirectory, 'layers/busybox/dev/null'))
      },
    })
  })

  clause(flavor, 'devices are closed', ['masked-paths'], () => {
    const script = 'echo x > /dev/null || exit 1; mknod /tmp/mem c 1 1 || exit 2; dd if=/tmp/mem bs=1 count=1 2>/dev/null && exit 3; exit 0'
    withPod(
      flavor, { apps: [{ name: 'one', exec: shell(script) }] }, ({ result }) => assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    )
  })

  clause(flavor, 'a memory limit holds', ['isolator-memory'], () => {
    const app = {
      name: 'one', exec: ['/bin/dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1'], isolators: { memoryBytes: 16 << 20 },
    }
    withPod(flavor, { apps: [app] }, ({ result }) => assert.deepEqual(result.apps, { one: { signal: 9 } }))
  })

  clause(flavor, 'the out-of-memory score is the one that was set', ['isolator-oom-score-adj'], () => {
    const app = { name: 'one', exec: ['/bin/cat', '/proc/self/oom_score_adj'], isolators: { oomScoreAdj: 321 } }
    withPod(flavor, { apps: [app] }, ({ output }) => assert.equal(output, '321\n'))
  })
}
