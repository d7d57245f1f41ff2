import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPod, until } from '../program/home.ts'
import { directoryAt } from '../program/rkt.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { repository } from '../set-up/checkout.ts'

const stage = tellStories()
const withoutJq = spawnSync('jq', ['--version']).status === 0 ? false : 'jq, which the examples use, is not installed'

/** The first block of this language on a page. */
function example(page: string, language: string): string {
  const text = readFileSync(join(repository, 'docs', page), 'utf8')
  return new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(text)?.[1] ?? assert.fail(`${page} has no example in ${language}`)
}

function writeExample(path: string, text: string): string {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

story('the network stage of writing-a-stage.md sets loopback up, and refuses other networks in its own words', async () => {
  const { home, images } = stage
  const program = writeExample(home.file('network.sh'), example('writing-a-stage.md', 'sh'))
  const up = await home.rkt(['run', ...plain, `--network-stage=${program}`, ...sh(images.busybox, 'ip addr show lo; exit 5')])
  assert.equal(up.exitCode, 5, up.stderr)
  assert.match(up.stdout, /inet 127\.0\.0\.1/)
  const refused = await home.rkt(['run', '--insecure-options=image', '--net=host', `--network-stage=${program}`, images.busybox])
  assert.equal(refused.exitCode, 254)
  assert.match(refused.stderr, /^run: network up: this stage has no networks \[NETWORK_NOT_FOUND\]\n {2}try: say --net=none$/m)
}, withoutJq)

function makeJail(): string {
  const directory = directoryAt(stage.home.file('jail'))
  writeExample(join(directory, 'flavor.json'), example('writing-a-stage1.md', 'json'))
  writeExample(join(directory, 'stage1'), example('writing-a-stage1.md', 'sh'))
  return directory
}

for (const code of [0, 5, 200]) {
  story(`the flavor of writing-a-stage1.md runs an app that exits with ${code}`, async () => {
    const { home, images } = stage
    const { exitCode, stderr } = await home.rkt(['run', ...plain, `--flavor=${makeJail()}`, images.exits, '--', String(code)])
    assert.equal(exitCode, code, stderr)
  }, withoutJq)
}

story('the flavor of writing-a-stage1.md: two apps, entered and stopped', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [
    ...plain, `--flavor=${makeJail()}`, '--hostname=cell',
    ...sh(images.busybox, 'trap "echo stopped; exit 0" TERM; while :; do sleep 0.1; done', '--name=one'), '---',
    ...sh(images.guest, 'id; cat /proc/1/comm; sleep 60', '--name=two'),
  ])
  await until('output of the second app', () => /rocket-pod/.test(running.said().stdout))
  assert.match(running.said().stdout, /uid=1000\(guest\) gid=1001\(guests\)/)
  const entered = await home.rkt(['enter', '--app=two', uuid, '/bin/sh', '-c', 'hostname; exit 3'])
  assert.deepEqual([entered.exitCode, entered.stdout], [3, 'cell\n'], entered.stderr)
  await home.rkt(['stop', uuid])
  const { exitCode, stdout } = await running.ended
  assert.equal(exitCode, 0)
  assert.match(stdout, /stopped/)
}, withoutJq)

story('the flavor of writing-a-stage1.md keeps every clause of what it declares', async () => {
  const suite = join(repository, 'packages/conformance/src/bin.ts')
  const { status, stdout } = spawnSync(process.execPath, [suite, makeJail()], { encoding: 'utf8', env: withoutRunner(), timeout: 300_000 })
  assert.equal(status, 0, stdout)
  assert.match(stdout, /^\W*fail 0$/m)
}, withoutJq)

/** A test runner below this one would report to it, in its own language. */
function withoutRunner(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'))
}
