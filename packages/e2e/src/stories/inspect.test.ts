import assert from 'node:assert/strict'
import { join } from 'node:path'
import { startPod, textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()

interface PodJson {
  name: string
  state: string
  app_names: string[]
  apps: { name: string; state: string; image_id: string; exit_code?: number; signal?: number; created_at: number }[]
  created_at: number
  started_at: number
}

story('list shows a running and an exited pod, short, in full and as JSON', async () => {
  const { home, images } = stage
  const before = Math.floor(Date.now() / 1000)
  await home.rkt(['run', ...plain, '--uuid-file-save=uuid', images.exits, '--', '4'])
  const exited = textOf(home.file('uuid'))
  const { uuid, running } = await startPod(home, [...plain, images.busybox, '--exec=/bin/sleep', '--', '60'])

  const short = (await home.rkt(['list'])).stdout
  assert.match(short, /^UUID\s+APP\s+IMAGE NAME\s+STATE\s+CREATED\s+STARTED\s+NETWORKS$/m)
  assert.match(short, new RegExp(`^${uuid.slice(0, 8)}\\s+busybox\\s+example.com/busybox:1.0.0\\s+running\\s`, 'm'))
  assert.match(short, new RegExp(`^${exited.slice(0, 8)}\\s+exits\\s+example.com/exits:1.0.0\\s+exited\\s`, 'm'))

  const full = (await home.rkt(['list', '--full', '--no-legend'])).stdout
  assert.match(
    full, new RegExp(`^${uuid}\\s+busybox\\s+example.com/busybox:1.0.0\\s+sha512-[0-9a-f]{12}\\s+running\\s+\\d{4}-\\d\\d-\\d\\d `, 'm'),
  )

  const pods = JSON.parse((await home.rkt(['list', '--format=json'])).stdout) as PodJson[]
  assert.deepEqual(pods.map(({ name }) => name), [exited, uuid].toSorted())
  const pod = pods.find(({ name }) => name === uuid)
  assert.ok(pod !== undefined)
  assert.deepEqual([pod.state, pod.app_names, pod.apps[0]?.state], ['running', ['busybox'], 'running'])
  assert.ok(before <= pod.created_at && pod.created_at <= pod.started_at && pod.started_at <= Date.now() / 1000)
  assert.equal(pods.find(({ name }) => name === exited)?.apps[0]?.exit_code, 4)
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

story('no pods are an empty table, and null in JSON', async () => {
  const { home } = stage
  assert.equal((await home.rkt(['list', '--no-legend'])).stdout, '')
  assert.equal((await home.rkt(['list', '--format=json'])).stdout.trim(), 'null')
})

story('status tells what a running pod is, and how it ended', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'sleep 60')])
  const during = (await home.rkt(['status', uuid])).stdout
  assert.match(during, /^state=running$/m)
  assert.match(during, /^created=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC$/m)
  assert.match(during, /^started=\d{4}-/m)
  assert.match(during, /^networks=$/m)
  assert.match(during, /^pid=\d+$/m)
  assert.match(during, /^exited=false$/m)
  assert.doesNotMatch(during, /^app-/m)
  assert.equal((await home.rkt(['stop', '--force', uuid])).exitCode, 0)
  await running.ended
  assert.match((await home.rkt(['status', uuid])).stdout, /^state=exited$[^]*^exited=true$/m)
})

story('status --wait waits for the end, and no longer than it is told', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'sleep 1; exit 2')])
  const impatient = await home.rkt(['status', '--wait=100ms', uuid])
  assert.equal(impatient.exitCode, 254)
  assert.match(impatient.stderr, /error waiting for pod to finish: context deadline exceeded/)
  const patient = await home.rkt(['status', '--wait', uuid])
  assert.match(patient.stdout, /^state=exited$[^]*^app-busybox=2$/m)
  assert.equal((await running.ended).exitCode, 2)
})

story('status --wait-ready of a pod that ended before it was ready fails', async () => {
  const { home, images } = stage
  const prepared = await home.rkt(['prepare', '--insecure-options=image', images.busybox])
  const { exitCode, stderr } = await home.rkt(['status', '--wait-ready=150ms', prepared.stdout.trim()])
  assert.equal(exitCode, 254)
  assert.match(stderr, /error waiting for pod readiness/)
})

story('a UUID may be abbreviated as long as it is clear, in any case of letters', async () => {
  const { home, images } = stage
  await home.rkt(['prepare', '--insecure-options=image', images.busybox])
  const second = (await home.rkt(['prepare', '--insecure-options=image', images.busybox])).stdout.trim()
  assert.match((await home.rkt(['status', second.slice(0, 8).toUpperCase()])).stdout, /^state=prepared$/m)
  const nobody = await home.rkt(['status', 'zz'])
  assert.equal(nobody.exitCode, 254)
  assert.match(nobody.stderr, /no matches found for "zz"/)
  const empty = await home.rkt(['status', ''])
  assert.match(empty.stderr, /UUID cannot be empty/)
})

story('cat-manifest prints the pod manifest, with the app as it was overridden', async () => {
  const { home, images } = stage
  const uuid = (await home.rkt([
    'prepare', '--insecure-options=image', '--volume=v,kind=empty', images.busybox, '--mount=volume=v,target=/v', '--', 'there',
  ])).stdout.trim()
  const { stdout } = await home.rkt(['cat-manifest', uuid])
  const manifest = JSON.parse(stdout) as { acKind: string; apps: { name: string; app: { exec: string[] } }[]; volumes: object[] }
  assert.deepEqual(
    [manifest.acKind, manifest.apps[0]?.name, manifest.apps[0]?.app.exec], ['PodManifest', 'busybox', ['/bin/echo', 'hello', 'there']],
  )
  assert.equal(manifest.volumes.length, 1)
  assert.deepEqual(manifest, JSON.parse(textOf(join(home.data, 'pods/prepared', uuid, 'pod'))))
  assert.match(stdout, /^\t"acKind"|^\t"acVersion"/m)
  assert.equal((await home.rkt(['cat-manifest', '--pretty-print=false', uuid])).stdout.trimEnd().split('\n').length, 1)
})
