import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { names, until } from '../program/home.ts'
import { sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

async function prepare(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await stage.home.rkt(['prepare', unsigned, ...words])
  assert.equal(exitCode, 0, stderr)
  const uuid = stdout.trimEnd().split('\n').at(-1) ?? ''
  assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  return uuid
}

story('a prepared pod is run once, with what was prepared', async () => {
  const { home, images } = stage
  const uuid = await prepare('--set-env=GREETING=good day', ...sh(images.busybox, 'echo "$GREETING"; exit 5'))
  assert.match((await home.rkt(['status', uuid])).stdout, /^state=prepared$/m)
  const first = await home.rkt(['run-prepared', '--net=none', uuid])
  assert.deepEqual({ exitCode: first.exitCode, stdout: first.stdout }, { exitCode: 5, stdout: 'good day\n' })
  const again = await home.rkt(['run-prepared', '--net=none', uuid])
  assert.equal(again.exitCode, 254)
  assert.match(again.stderr, new RegExp(`pod "${uuid}" is not prepared`))
})

story('what run-prepared says about the host name wins', async () => {
  const { home, images } = stage
  const uuid = await prepare(images.busybox, '--exec=/bin/hostname')
  assert.equal((await home.rkt(['run-prepared', '--net=none', '--hostname=second', uuid.slice(0, 8)])).stdout, 'second\n')
})

story('with --quiet the UUID is all that is printed', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['prepare', unsigned, '--quiet', images.busybox])
  assert.match(stdout, /^[0-9a-f-]{36}\n$/)
})

story('of two run-prepared at once one runs the pod and the other exits with 254', async () => {
  const { home, images } = stage
  for (let round = 0; round < 3; round++) {
    const uuid = await prepare(...sh(images.busybox, 'sleep 0.3; echo ran; exit 5'))
    const both = await Promise.all([home.rkt(['run-prepared', '--net=none', uuid]), home.rkt(['run-prepared', '--net=none', uuid])])
    assert.deepEqual(both.map(({ exitCode }) => exitCode).toSorted(), [254, 5], both.map(({ stderr }) => stderr).join())
    assert.equal(both.map(({ stdout }) => stdout).join(''), 'ran\n')
  }
})

story('a prepared pod keeps its image when its name is removed', async () => {
  const { home, images } = stage
  const uuid = await prepare(images.guest)
  const removed = await home.rkt(['image', 'rm', 'example.com/guest'])
  assert.match(removed.stderr, /still used by/)
  await home.rkt(['gc'])
  assert.match((await home.rkt(['run-prepared', '--net=none', uuid])).stdout, /uid=1000/)
})

story('trace tells every stage and that no hand-off was altered', async () => {
  const { home, images } = stage
  const uuid = await prepare(images.busybox)
  await home.rkt(['run-prepared', '--net=none', uuid])
  const { exitCode, stdout } = await home.rkt(['trace', uuid])
  assert.equal(exitCode, 0)
  for (const words of [
    /^fetch\s+fetch/m, /^stage0\s+prepare/m, /^stage0\s+start/m, /^network\s+up/m, /^stage1-oci\s+create\s/m, /^stage1-oci\s+create-app/m,
    /^stage2\s+run/m,
  ]) {
    assert.match(stdout, words)
  }
  for (const file of [
    'request.json', 'images.json', 'pod.json', 'apps/busybox/app.json', 'run-request.json', 'start.json', 'net.json', 'run.json',
  ]) {
    assert.match(stdout, new RegExp(`^${file}\\s.*\\sunchanged$`, 'm'))
  }
})

for (const [file, change] of [
  ['pod.json', (text: string) => text.replace('"volumes"', '"volumes" ')],
  ['apps/busybox/app.json', (text: string) => text.replace('hello', 'HELLO')],
  // No stage reads this one again.
  ['request.json', (text: string) => `${text}\n`],
  ['apps/busybox/image.json', (text: string) => text.replace('example.com', 'example.org')],
] as const) {
  story(`a pod whose ${file} was edited is not run, and trace names the file`, async () => {
    const { home, images } = stage
    const uuid = await prepare(images.busybox)
    const path = join(home.data, 'pods/prepared', uuid, file)
    const changed = change(readFileSync(path, 'utf8'))
    assert.notEqual(changed, readFileSync(path, 'utf8'))
    writeFileSync(path, changed)
    const ended = await home.rkt(['run-prepared', '--net=none', uuid])
    assert.equal(ended.exitCode, 254, ended.stdout)
    assert.match(ended.stderr, /HANDOFF_ALTERED/)
    assert.ok(ended.stderr.includes(file), ended.stderr)
    const traced = await home.rkt(['trace', uuid])
    assert.equal(traced.exitCode, 254)
    assert.ok(traced.stderr.includes(`${file} is altered`), traced.stderr)
  })
}

for (const [what, spoil] of [
  ['of which a hand-off is gone', (pod: string) => rmSync(join(pod, 'images.json'))],
  ['with a hand-off that no stage wrote', (pod: string) => copyFileSync(join(pod, 'pod.json'), join(pod, 'start.json'))],
] as const) {
  story(`a pod ${what} is not run`, async () => {
    const { home, images } = stage
    const uuid = await prepare(images.busybox)
    spoil(join(home.data, 'pods/prepared', uuid))
    const { exitCode, stderr } = await home.rkt(['run-prepared', '--net=none', uuid])
    assert.equal(exitCode, 254)
    assert.match(stderr, /\[HANDOFF_ALTERED\]/)
  })
}

story('a log of which only the last line was edited, where no digest stands, is refused by trace and run-prepared; gc collects', async () => {
  const { home, images } = stage
  const uuid = await prepare(images.busybox)
  const path = join(home.data, 'pods/prepared', uuid, 'road.jsonl')
  const lines = readFileSync(path, 'utf8').split('\n')
  writeFileSync(path, lines.with(-2, (lines.at(-2) ?? '').replace(/"endedAt":"\d{4}/, '"endedAt":"1999')).join('\n'))
  for (const words of [['trace', uuid], ['run-prepared', '--net=none', uuid]]) {
    const { exitCode, stderr } = await home.rkt(words)
    assert.equal(exitCode, 254)
    assert.match(stderr, /road\.jsonl:\d+ is not as it was written.*\[HANDOFF_ALTERED\]/)
  }
})

story('a failed preparation leaves a pod that gc collects at once', async () => {
  const { home, images } = stage
  const { exitCode } = await home.rkt(['prepare', unsigned, images.broken])
  assert.equal(exitCode, 254)
  assert.equal(names(join(home.data, 'pods/prepare')).length, 1)
  const { stderr } = await home.rkt(['gc'])
  assert.match(stderr, /^gc: moving failed prepare "[0-9a-f-]{36}" to garbage$/m)
  assert.deepEqual(names(join(home.data, 'pods/prepare')), [])
})

story('prepared pods expire when they are told to', async () => {
  const { home, images } = stage
  const uuid = await prepare(images.busybox)
  assert.doesNotMatch((await home.rkt(['gc'])).stderr, /expired/)
  const { stderr, stdout } = await home.rkt(['gc', '--expire-prepared=0s'])
  assert.ok(stderr.includes(`moving expired prepared pod "${uuid}" to garbage`), stderr)
  assert.ok(stdout.includes(`Garbage collecting pod "${uuid}"`), stdout)
  await until('the pod is gone', async () => (await home.rkt(['status', uuid])).exitCode === 254)
})
