import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { names, startPod, textOf, until } from '../program/home.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()
const sleeper = (): string[] => [...plain, stage.images.busybox, '--exec=/bin/sleep', '--', '60']

story('enter runs a command among the processes of the pod, and its exit code comes back', async () => {
  const { home } = stage
  const { uuid, running } = await startPod(home, sleeper())
  const seen = await home.rkt(['enter', uuid, '/bin/sh', '-c', 'ps; readlink /proc/self/ns/pid; pwd; exit 7'])
  assert.equal(seen.exitCode, 7, seen.stderr)
  assert.match(seen.stdout, /sleep 60/)
  assert.doesNotMatch(seen.stdout, /node/)
  const named = await home.rkt([
    'enter', '--app=busybox', uuid.slice(0, 6), 'sh', '-c', 'echo $AC_APP_NAME $FROM_THE_IMAGE $SECRET_OF_THE_HOST',
  ])
  assert.equal(named.stdout, 'busybox yes\n', named.stderr)
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

for (const flags of [['--net=none'], ['--flavor=fly']]) {
  story(`enter refuses a program that the app lacks, and finds one in a volume, with ${flags.join()}`, async () => {
    const { home, images } = stage
    mkdirSync(home.file('tools'), { recursive: true })
    writeFileSync(home.file('tools/tool'), '#!/bin/sh\necho from a volume\n', { mode: 0o755 })
    const { uuid, running } = await startPod(home, [
      '--insecure-options=image', ...flags, `--volume=tools,kind=host,source=${home.file('tools')}`, images.busybox,
      '--mount=volume=tools,target=/opt/tools', '--environment=PATH=/opt/tools:/bin', '--exec=/bin/sleep', '--', '60',
    ])
    for (const [words, code, why] of [
      [['/bin/nothing-here'], 'APP_PROGRAM_MISSING', 'it has no program /bin/nothing-here'],
      [['nothing-here'], 'APP_PROGRAM_MISSING', 'it has no program nothing-here'],
      [[], 'APP_PROGRAM_MISSING', 'it has no program /bin/bash'],
      [['/etc/passwd'], 'APP_PROGRAM_NOT_EXECUTABLE', '/etc/passwd is no file that may be executed'],
      [['/bin'], 'APP_PROGRAM_NOT_EXECUTABLE', '/bin is no file that may be executed'],
    ] as const) {
      const { exitCode, stdout, stderr } = await home.rkt(['enter', uuid, ...words])
      assert.deepEqual([exitCode, stdout], [254, ''])
      assert.ok(stderr.includes(`enter: cannot enter app "busybox": ${why} [${code}]\n  try: `), stderr)
    }
    for (const program of ['tool', '/opt/tools/tool', 'opt/tools/tool']) {
      assert.equal((await home.rkt(['enter', uuid, program])).stdout, 'from a volume\n', program)
    }
    await home.rkt(['stop', '--force', uuid])
    await running.ended
  })
}

story('enter wants to know which of several apps, and refuses a pod that has ended', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(
    home, [...plain, ...sh(images.busybox, 'sleep 60', '--name=one'), '---', ...sh(images.busybox, 'sleep 60', '--name=two')],
  )
  const { exitCode, stderr } = await home.rkt(['enter', uuid, '/bin/true'])
  assert.equal(exitCode, 254)
  assert.match(stderr, /pod contains multiple apps:\n\tone\n\ttwo\n/)
  assert.equal((await home.rkt(['enter', '--app=two', uuid, '/bin/sh', '-c', 'echo $AC_APP_NAME'])).stdout, 'two\n')
  assert.match((await home.rkt(['enter', '--app=three', uuid, '/bin/true'])).stderr, /APP_NOT_FOUND/)
  await home.rkt(['stop', '--force', uuid])
  await running.ended
  const late = await home.rkt(['enter', uuid, '/bin/true'])
  assert.equal(late.exitCode, 254)
  assert.match(late.stderr, /isn't currently running/)
})

story('stop lets an app say good-bye', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(
    home, [...plain, ...sh(images.busybox, 'trap "echo good-bye; exit 0" TERM; while true; do sleep 0.1; done')],
  )
  const stopped = await home.rkt(['stop', uuid])
  assert.deepEqual({ exitCode: stopped.exitCode, stdout: stopped.stdout }, { exitCode: 0, stdout: `"${uuid}"\n` })
  const { exitCode, stdout } = await running.ended
  assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'good-bye\n' })
  assert.match((await home.rkt(['status', uuid])).stdout, /^app-busybox=0$/m)
  const again = await home.rkt(['stop', uuid])
  assert.deepEqual({ exitCode: again.exitCode, stdout: again.stdout }, { exitCode: 0, stdout: `pod "${uuid}" is already stopped\n` })
})

story('stop --force ends a pod that will not listen, at once and with all it started', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'trap "" TERM; sleep 60 & while true; do sleep 1; done')])
  const before = Date.now()
  assert.equal((await home.rkt(['stop', '--force', uuid])).exitCode, 0)
  assert.equal((await running.ended).signal, 'SIGKILL')
  assert.ok(Date.now() - before < 5000)
  await until('the pod has exited', async () => (await home.rkt(['status', uuid])).stdout.includes('state=exited'))
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  story(`${signal} to rkt stops the pod in order`, async () => {
    const { home, images } = stage
    const { uuid, running } = await startPod(
      home, [...plain, ...sh(images.busybox, 'trap "echo told; exit 0" TERM INT; while true; do sleep 0.1; done')],
    )
    process.kill(running.pid, signal)
    const { stdout } = await running.ended
    assert.equal(stdout, 'told\n')
    assert.match((await home.rkt(['status', uuid])).stdout, /^state=exited$/m)
    await assertHostClean(home)
  })
}

story('when rkt is killed with KILL everything of the pod dies, and the pod has exited', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(
    home,
    [...plain, ...sh(images.busybox, 'sleep 60 & sleep 60 & wait', '--name=one'), '---', ...sh(images.busybox, 'sleep 60', '--name=two')],
  )
  process.kill(running.pid, 'SIGKILL')
  await running.ended
  await until('the pod has exited', async () => (await home.rkt(['status', uuid])).stdout.includes('state=exited'))
  await until('no process of the pod', () => !processesOf(uuid), 5000)
})

function processesOf(uuid: string): boolean {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).some((pid) => {
    try {
      return textOf(`/proc/${pid}/cgroup`).includes(uuid) && !/^\d+ \(.*\) [ZX] /s.test(textOf(`/proc/${pid}/stat`))
    } catch {
      return false
    }
  })
}

story('rm refuses a running pod, and takes an exited, a prepared and an aborted one away', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, sleeper())
  const refused = await home.rkt(['rm', uuid])
  assert.equal(refused.exitCode, 254)
  assert.match(refused.stderr, new RegExp(`rm: pod "${uuid}" is currently running\nrm: failed to remove one or more pods`))
  await home.rkt(['stop', '--force', uuid])
  await running.ended
  const prepared = (await home.rkt(['prepare', '--insecure-options=image', images.busybox])).stdout.trim()
  await home.rkt(['prepare', '--insecure-options=image', images.broken])
  const [aborted = ''] = names(join(home.data, 'pods/prepare'))
  const removed = await home.rkt(['rm', uuid, prepared, aborted])
  assert.deepEqual(
    { exitCode: removed.exitCode, stdout: removed.stdout },
    { exitCode: 0, stdout: [uuid, prepared, aborted].map((one) => `"${one}"\n`).join('') },
  )
  assert.equal((await home.rkt(['list', '--no-legend'])).stdout, '')
  await assertHostClean(home)
  assert.match((await home.rkt(['rm', uuid])).stderr, /cannot get pod: no matches found for/)
})

story('gc marks first and removes after the grace period', async () => {
  const { home, images } = stage
  await home.rkt(['run', ...plain, '--uuid-file-save=uuid', images.busybox])
  const uuid = textOf(home.file('uuid'))
  const marked = await home.rkt(['gc', '--mark-only'])
  assert.equal(marked.stderr, `gc: moving pod "${uuid}" to garbage\n`)
  assert.match((await home.rkt(['status', uuid])).stdout, /^state=exited garbage$[^]*^app-busybox=0$/m)
  const kept = await home.rkt(['gc', '--grace-period=1h'])
  assert.match(kept.stderr, /not removed: still within grace period \(1h0m0s\)/)
  const gone = await home.rkt(['gc', '--grace-period=0s'])
  assert.match(gone.stdout, new RegExp(`Garbage collecting pod "${uuid}"`))
  assert.equal(existsSync(join(home.data, 'pods/exited-garbage', uuid)), false)
})

story('gc leaves running pods alone, and two at once do not trip over each other', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, sleeper())
  await Promise.all([1, 2, 3].map(() => home.rkt(['run', ...plain, images.busybox])))
  const both = await Promise.all([home.rkt(['gc', '--grace-period=0s']), home.rkt(['gc', '--grace-period=0s'])])
  for (const { exitCode, stderr } of both) assert.equal(exitCode, 0, stderr)
  const collected = both.flatMap(({ stdout }) => [...stdout.matchAll(/Garbage collecting pod "([^"]+)"/g)].map(([, one]) => one))
  assert.equal(new Set(collected).size, collected.length, 'each pod once')
  assert.match((await home.rkt(['list'])).stdout, /running/)
  assert.equal((await home.rkt(['enter', uuid, '/bin/true'])).exitCode, 0)
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

story('ten pods at once share one image', async () => {
  const { home, images } = stage
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, index) => home.rkt(['run', ...plain, ...sh(images.busybox, `echo ${index}; exit ${index}`)])),
  )
  assert.deepEqual(all.map(({ exitCode, stdout }) => [exitCode, stdout]), all.map((_, index) => [index, `${index}\n`]))
})

story('pods that start while gc runs again and again all run', async () => {
  const { home, images } = stage
  let over = false
  const collecting = (async (): Promise<void> => {
    while (!over) assert.equal((await home.rkt(['gc', '--grace-period=0s'])).exitCode, 0)
  })()
  try {
    for (let round = 0; round < 4; round++) {
      const ended = await Promise.all([1, 2, 3].map(() => home.rkt(['run', ...plain, images.busybox])))
      for (const { exitCode, stdout, stderr } of ended) assert.deepEqual([exitCode, stdout], [0, 'hello\n'], stderr)
    }
  } finally {
    over = true
    await collecting
  }
})

story('what an earlier fetch brought is not collected while a pod of it is being prepared', async () => {
  const { home, images } = stage
  const [first, ...others] = await Promise.all([
    home.rkt(['prepare', '--insecure-options=image', images.guest]),
    home.rkt(['gc']), home.rkt(['image', 'rm', 'example.com/guest']), home.rkt(['gc']),
  ])
  for (const { exitCode, stderr } of [first, ...others]) assert.equal(exitCode, 0, stderr)
  const { stdout, stderr } = await home.rkt(['run-prepared', '--net=none', first.stdout.trim()])
  assert.match(stdout, /uid=1000/, stderr)
})
