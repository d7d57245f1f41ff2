import assert from 'node:assert/strict'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { clause, factsOf, shell, withPod } from './clause.ts'

const report = `
echo uid=$(id -u); echo gid=$(id -g); echo cwd=$(pwd); echo arguments="$0 $*"
echo env=$(env | grep -v -e ^SHLVL= -e ^PWD= -e ^_= -e ^OLDPWD= | while read -r line; do echo -n "[$line]"; done)
echo fds=$(ls /proc/self/fd | wc -l)
`

/** Who the app is, what it was told, and what it holds. */
export function testIdentity(flavor: FlavorUnderTest): void {
  clause(flavor, 'an app has its arguments, environment, user and working directory, and no descriptor but 0, 1 and 2', [], () => {
    const app = {
      user: { uid: 1000, gid: 1000, supplementaryGids: [] }, workingDirectory: '/etc',
      // A home, because OCI runtimes add one to an environment without.
      environment: [
        { name: 'HOME', value: '/home' }, { name: 'PATH', value: '/bin' }, { name: 'WORDS', value: 'two words $HOME "q" \\ *' },
      ],
    }
    withPod(flavor, { apps: [{ name: 'one', exec: [...shell(report), 'zero', "it's", '$x'], app }] }, ({ output, result }) => {
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
      const { fds, ...facts } = factsOf(output)
      assert.deepEqual(
        facts,
        {
          uid: '1000', gid: '1000', cwd: '/etc', arguments: "zero it's $x", env: '[HOME=/home][PATH=/bin][WORDS=two words $HOME "q" \\ *]',
        },
      )
      // The fourth is that of the directory itself, while ls reads it.
      assert.equal(fds, '4')
    })
  })

  // A stage2 passes its own terminal on, and the suite has none.
  if (flavor.stage2 === undefined) clause(flavor, 'an app with a terminal has one, and ends as it ends', ['tty'], () => {
    const streams = { stdin: 'tty', stdout: 'tty', stderr: 'tty' } as const
    const exec = shell('test -t 0 && test -t 1 && test -t 2 && (: < /dev/tty) && echo on a terminal; exit 6')
    withPod(flavor, { apps: [{ name: 'one', exec, streams }] }, ({ result }) => {
      assert.deepEqual([result.apps, result.terminal?.trim()], [{ one: { exitCode: 6 } }, 'on a terminal'])
    }, { terminal: true })
  })

  clause(flavor, 'enter runs a program in the app, and ends as that does', ['enter'], () => {
    const exec = shell('echo told by the app > /told; touch /ready; while ! test -e /leave; do sleep 0.05; done')
    const steps = [
      { kind: 'wait-ready', app: 'one' },
      { kind: 'enter', app: 'one', argv: ['/bin/cat', '/told'] },
      { kind: 'enter', app: 'one', argv: shell('exit 9') },
      { kind: 'enter', app: 'one', argv: shell('env | grep WHO; pwd') },
      { kind: 'enter', app: 'one', argv: ['/bin/ls', '/proc/self/fd'] },
      { kind: 'enter', app: 'one', argv: ['/bin/touch', '/leave'] },
    ] as const
    const environment = [{ name: 'PATH', value: '/bin' }, { name: 'WHO', value: 'one' }]
    withPod(flavor, { apps: [{ name: 'one', exec, app: { environment } }] }, ({ result }) => {
      const [told, nine, where, fds] = result.entered
      assert.deepEqual([told, nine?.exitCode], [{ exitCode: 0, output: 'told by the app\n' }, 9])
      assert.equal(where?.output, 'WHO=one\n/\n')
      assert.equal(fds?.output, '0\n1\n2\n3\n')
      assert.deepEqual(result.apps, { one: { exitCode: 0 } })
    }, { steps })
  })
}
