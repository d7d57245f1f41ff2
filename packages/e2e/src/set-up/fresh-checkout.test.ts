import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, makeCheckout } from './checkout.ts'

let root: string
before(() => { root = makeCheckout() })
after(() => rmSync(dirname(root), { recursive: true, force: true }))

// Only root can run a pod, and the quick start ends with one.
const command = process.getuid?.() === 0 ? 'quickstart' : 'version'

test(`killed at ten random moments of the set-up, the next rkt ${command} succeeds`, async () => {
  for (let kill = 0; kill < 10; kill++) {
    // An installation takes some ten seconds, a build one: the later kills find the packages installed now and then.
    await launch(root, [command], { killAfterMs: randomInt(kill % 2 === 0 ? 9000 : 2500) })
    if (existsSync(join(root, 'dist'))) rmSync(join(root, 'dist'), { recursive: true })
  }
  const last = await launch(root, [command])
  assert.equal(last.status, 0, last.stderr)
  assert.match(last.stdout, command === 'quickstart' ? /^Hello, world/m : /^rkt Version: /)
  assert.ok(readdirSync(join(root, '.rocket/builds')).length <= 1, 'unfinished builds are gone')
})

test('two launches at once on a checkout without packages do not trip over each other', async () => {
  for (const directory of ['node_modules', 'dist', '.rocket']) rmSync(join(root, directory), { recursive: true, force: true })
  const both = await Promise.all([launch(root, ['version']), launch(root, ['version'])])
  for (const { status, stdout, stderr } of both) {
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^rkt Version: [^\n]*\n/)
  }
  const narration = both.map(({ stderr }) => stderr)
  assert.equal(narration.filter((text) => text.includes('npm ci')).length, 1, 'one installs')
  assert.equal(narration.filter((text) => text.includes('waiting for it')).length, 1, 'the other waits')
})

test('a fresh build says nothing of itself, from anywhere', async () => {
  const { status, stderr } = await launch(root, ['version'], { cwd: '/usr' })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

test('a changed source is built before the command runs', async () => {
  const later = new Date(Date.now() + 10)
  utimesSync(join(root, 'packages/cli/src/main.ts'), later, later)
  const { status, stderr } = await launch(root, ['version'])
  assert.equal(status, 0, stderr)
  assert.match(stderr, /rkt: building/)
})

test('packages of another lock file are replaced, and what runs from the old ones goes on', async () => {
  const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`)
  const again = 'process.exit(require("node:child_process").spawnSync(process.execPath, ["-e", "0"]).status)'
  const resident = spawn(node, ['-e', `process.stdin.resume().on("end", () => { ${again} })`])
  renameSync(join(root, 'node_modules/.rocket-lock'), join(root, 'node_modules/.another-lock'))
  rmSync(join(root, 'dist'), { recursive: true })
  const { status, stderr } = await launch(root, ['version'])
  assert.equal(status, 0, stderr)
  assert.match(stderr, /npm ci/)
  assert.equal(existsSync(join(root, 'node_modules/.another-lock')), false)
  resident.stdin.end()
  assert.deepEqual(await once(resident, 'exit'), [0, null], 'it can start its Node again')
})
