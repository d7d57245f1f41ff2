import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { buildNative } from './native.ts'

const run = promisify(execFile)
const host = resolve(import.meta.dirname, '../../../packages/host')

/** A copy of the package's sources, and of the script at the same distance from them. */
function copy(t: TestContext): { root: string; packageDirectory: string } {
  const root = mkdtempSync(join(tmpdir(), 'rocket-native-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const packageDirectory = join(root, 'packages/host')
  cpSync(join(host, 'native'), join(packageDirectory, 'native'), { recursive: true })
  mkdirSync(join(root, 'tools/build/src'), { recursive: true })
  cpSync(join(import.meta.dirname, 'native.ts'), join(root, 'tools/build/src/native.ts'))
  return { root, packageDirectory }
}

test('builds once, and again only when a source is another', (t) => {
  const { packageDirectory } = copy(t)
  assert.equal(buildNative({ packageDirectory }).built, true)
  assert.equal(buildNative({ packageDirectory }).built, false)
  const directory = join(packageDirectory, 'dist/native')
  assert.deepEqual(readdirSync(directory).sort(), ['built-from', 'pod-init', 'rocket.node'])
  assert.equal(statSync(join(directory, 'pod-init')).mode & 0o111, 0o111)
  writeFileSync(join(packageDirectory, 'native/args.h'), `${readFileSync(join(packageDirectory, 'native/args.h'), 'utf8')}\n`)
  assert.equal(buildNative({ packageDirectory }).built, true)
  rmSync(join(directory, 'pod-init'))
  assert.equal(buildNative({ packageDirectory }).built, true)
})

test('two builds at once both succeed and leave one result', async (t) => {
  const { root, packageDirectory } = copy(t)
  const script = join(root, 'tools/build/src/native.ts')
  await Promise.all([1, 2, 3].map(() => run(process.execPath, [script])))
  assert.deepEqual(readdirSync(join(packageDirectory, 'dist/native')).sort(), ['built-from', 'pod-init', 'rocket.node'])
})

test('without a compiler it says what to install', async (t) => {
  const { root } = copy(t)
  const script = join(root, 'tools/build/src/native.ts')
  const failure = await run(process.execPath, [script], { env: { PATH: '/nowhere' } }).then(() => undefined, (error: { code: number; stderr: string }) => error)
  assert.equal(failure?.code, 1)
  assert.match(failure.stderr, /NATIVE_PART_MISSING: .*no C compiler was found/)
  assert.match(failure.stderr, /hint: apt-get install gcc libc6-dev/)
})

test('a source that does not compile fails, and the old build stands', (t) => {
  const { packageDirectory } = copy(t)
  buildNative({ packageDirectory })
  const addon = join(packageDirectory, 'dist/native/rocket.node')
  const before = readFileSync(addon)
  writeFileSync(join(packageDirectory, 'native/module.c'), '#error "not today"\n')
  assert.throws(() => buildNative({ packageDirectory, quiet: true }))
  assert.deepEqual(readFileSync(addon), before)
  assert.deepEqual(readdirSync(join(packageDirectory, 'dist/native')).sort(), ['built-from', 'pod-init', 'rocket.node'])
})
