import assert from 'node:assert/strict'
import { join } from 'node:path'
import { hiding, runtimePaths } from '../bad-input/refusal.ts'
import { names } from '../program/home.ts'
import { plain, story, tellStories } from '../program/story.ts'

const stage = tellStories()

story('explain prints the plan of every stage and does nothing', async () => {
  const { home, images } = stage
  await home.rkt(['fetch', '--insecure-options=image', images.busybox])
  const { exitCode, stdout, stderr } = await home.rkt(['explain', ...plain, 'example.com/busybox', '--', 'there'])
  assert.equal(exitCode, 0, stderr)
  for (const verb of ['stage0 prepare', 'stage0 start', 'stage1-oci create']) assert.match(stdout, new RegExp(`^== ${verb}`, 'm'))
  assert.match(stdout, /"there"/)
  for (const place of ['embryo', 'prepare', 'prepared', 'run']) assert.deepEqual(names(join(home.data, 'pods', place)), [], place)
  const documents = JSON.parse(
    (await home.rkt(['explain', ...plain, '--format=json', 'example.com/busybox'])).stdout,
  ) as { verbs: { stage: string }[] }
  assert.ok(documents.verbs.length >= 4)
})

story('doctor says that pods can be run here, in words and as JSON', async () => {
  const { home } = stage
  const words = await home.rkt(['doctor'])
  assert.equal(words.exitCode, 0, words.stdout)
  assert.match(words.stdout, /^Pods can be run on this machine\.$/m)
  const { stdout } = await home.rkt(['doctor', '--format=json'])
  const { ok, probes } = JSON.parse(stdout) as { ok: boolean; probes: { name: string; ok: boolean }[] }
  assert.equal(ok, true)
  assert.ok(probes.length > 5)
})

story('doctor without an OCI runtime says so, what to install, and exits with 254', async () => {
  const { home } = stage
  const { exitCode, stdout } = await home.rkt(['doctor'], hiding(...runtimePaths))
  assert.equal(exitCode, 254)
  assert.match(stdout, /MISSING/)
  assert.match(stdout, /Pods cannot be run on this machine yet/)
  assert.match(stdout, /crun/)
})

story('version prints rkt\'s lines', async () => {
  const { home } = stage
  const { stdout, stderr, exitCode } = await home.rkt(['version'])
  assert.match(stdout, /^rkt Version: \S+\nappc Version: 0\.8\.11\n/)
  assert.deepEqual([exitCode, stderr], [0, ''])
})

for (const words of [['help', 'run'], ['run', '--help'], ['run', '-h']]) {
  story(`rkt ${words.join(' ')} prints the help of run on standard output`, async () => {
    const { home } = stage
    const { stdout, stderr, exitCode } = await home.rkt(words)
    assert.deepEqual([exitCode, stderr], [0, ''])
    for (const part of [/^NAME:$/m, /^USAGE:$/m, /^OPTIONS:$/m, /^GLOBAL OPTIONS:$/m, /--uuid-file-save/]) assert.match(stdout, part)
  })
}

story('rkt help lists the commands; rkt alone does the same and exits with 2', async () => {
  const { home } = stage
  const help = await home.rkt(['help'])
  for (const command of [
    'run', 'prepare', 'run-prepared', 'enter', 'list', 'status', 'stop', 'rm', 'gc', 'fetch', 'doctor', 'trace', 'explain',
  ]) {
    assert.match(help.stdout, new RegExp(`^\\s+${command}\\s`, 'm'))
  }
  const alone = await home.rkt([])
  assert.deepEqual([alone.exitCode, alone.stderr, alone.stdout], [2, 'rkt: missing command\n', help.stdout])
})

story('commands may be abbreviated, and flags stand before or after them', async () => {
  const { home, images } = stage
  await home.rkt(['fetch', '--insecure-options=image', images.busybox])
  const { stdout } = await home.rkt(['im', 'l', '--fields=name', '--no-legend'])
  assert.match(stdout, /example.com\/busybox:1.0.0/)
  const before = await home.rkt(['--insecure-options=image', 'run', '--net=none', images.busybox])
  const after = await home.rkt(['run', images.busybox, '--net=none', '--insecure-options=image'])
  assert.deepEqual([before.stdout, after.stdout], ['hello\n', 'hello\n'])
})
