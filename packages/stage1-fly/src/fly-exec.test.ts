import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAlive, native, nativeDirectory, runProgram, spawn } from '@rocket/host'
import { type FlySpec, formatSpec } from './spec.ts'

const helper = join(nativeDirectory(), 'fly-exec')
const skip = process.getuid?.() !== 0 ? 'changing root needs root' : existsSync(helper) ? false : 'the native part is not built'
let directory: string

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'rocket-fly-exec-'))
})

after(() => rmSync(directory, { recursive: true, force: true }))

/** The root is the system's own: what is proven is the way there. */
function run(changes: Partial<FlySpec>, ...enter: string[]): {
  exitCode: number | undefined; signal: number | undefined; out: string; err: string,
} {
  const spec: FlySpec = {
    root: '/', workingDirectory: '/', uid: 0, gid: 0, groups: [0], cgroups: [], argv: [
      '/bin/sh', '-c', 'exit 0',
    ], environment: ['PATH=/usr/bin:/bin'], ...changes,
  }
  const file = join(directory, 'spec')
  writeFileSync(file, formatSpec(spec), { mode: 0o600 })
  const { exitCode, signal, stdout, stderr } = runProgram(helper, enter.length === 0 ? [file] : ['--enter', file, ...enter])
  return { exitCode, signal, out: stdout.toString('utf8'), err: stderr.toString('utf8') }
}

test('the app has its user, groups, environment, directory and words, and its end is seen', { skip }, () => {
  const { out, exitCode } = run({
    uid: 1234, gid: 1235, groups: [1235, 7], workingDirectory: '/usr', environment: ['A=b c', 'PATH=/usr/bin:/bin'], argv: [
      '/bin/sh', '-c', 'id -u; id -g; id -G; pwd; echo "$A/$1"; exit 9', '0', 'w w',
    ],
  })
  assert.deepEqual([out, exitCode], ['1234\n1235\n1235 7\n/usr\nb c/w w\n', 9])
  assert.equal(run({ argv: ['/bin/sh', '-c', 'kill -9 $$'] }).signal, 9)
})

test('to enter is the same with another program, looked up in PATH, in /', { skip }, () => {
  assert.equal(run({ uid: 1234, gid: 1235, groups: [1235], workingDirectory: '/usr' }, 'sh', '-c', 'pwd; id -u').out, '/\n1234\n')
})

test('a program, root or directory that is not there is 254, and said', { skip }, () => {
  for (const changes of [{ argv: ['/no/such'] }, { root: '/no/such' }, { workingDirectory: '/no/such' }, { cgroups: ['/no/such'] }]) {
    const { exitCode, err } = run(changes)
    assert.equal(exitCode, 254)
    assert.match(err, /^fly-exec: cannot .*: No such file or directory$/m)
  }
})

test('a spec that is cut short, of another version or written by others is refused', { skip }, () => {
  const file = join(directory, 'bad')
  for (
    const [text, mode] of [
      ['', 0o600], ['fly-exec 2\0', 0o600], ['fly-exec 1\0/\0/\x000\x000\x000\x000\x002\0/bin/true\0', 0o600],
      ['fly-exec 1\0/\0/\x004294967296\0', 0o600], ['x', 0o666],
    ] as const
  ) {
    rmSync(file, { force: true })
    writeFileSync(file, text)
    native().fchmodat(-100, file, mode)
    assert.equal(runProgram(helper, [file]).exitCode, 254, JSON.stringify(text))
  }
})

test('the app dies with whoever started it, whatever its user', { skip }, () => {
  const file = join(directory, 'long')
  const argv = ['/bin/sh', '-c', `echo $$ > ${join(directory, 'out', 'pid')}; exec sleep 100`]
  mkdirSync(join(directory, 'out'), { mode: 0o777 })
  native().fchmodat(-100, join(directory, 'out'), 0o777)
  native().fchmodat(-100, directory, 0o755)
  writeFileSync(
    file,
    formatSpec(
      { root: '/', workingDirectory: '/', uid: 1234, gid: 1234, groups: [], cgroups: [], argv, environment: ['PATH=/usr/bin:/bin'] }
    ),
    { mode: 0o600 },
  )
  const parent = spawn('/bin/sh', ['sh', '-c', `'${helper}' '${file}'; true`], {})
  const pidFile = join(directory, 'out', 'pid')
  for (let tries = 0; tries < 500 && !(existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== ''); tries++) native().poll([], [], 10)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  assert.ok(isAlive(pid))
  native().kill(parent, 9)
  native().waitPid(parent, true)
  for (let tries = 0; tries < 200 && isAlive(pid); tries++) native().poll([], [], 10)
  assert.ok(!isAlive(pid))
})
