import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPod, textOf, until } from '../program/home.ts'
import type { Ended } from '../program/rkt.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { repository } from '../set-up/checkout.ts'
import { writeProgram } from './stage-programs.ts'

const stage = tellStories()

const reference = join(repository, 'packages/conformance/reference')
const good = `echo '{"version":1,"uuid":"'$RKT_UUID'","mode":"none","cniPath":[],"attachments":[],"ports":[]}' > net.json`
const anotherPod = good.replace("'$RKT_UUID'", '6c3a1e02-54f0-4c3f-9d5e-2a9f43f0b1d7')

/** Runs a pod with a network stage whose `up` is this; `down` does nothing. */
async function runWithUp(up: string, env: Record<string, string> = {}): Promise<Ended> {
  const { home, images } = stage
  const program = writeProgram(home, 'careless.sh', `[ "$1" = up ] || exit 0\n${up}`)
  return home.rkt(['run', ...plain, `--network-stage=${program}`, images.busybox], { env, timeoutMs: 20_000 })
}

interface Case {
  up: string
  code: string
  /** What the message says beside the stage, the verb and the code. */
  says: RegExp
  env?: Record<string, string>
}

const cases: Readonly<Record<string, Case>> = {
  'exits with 0 and leaves no document': { up: 'exit 0', code: 'DOCUMENT_MISSING', says: /net\.json was not written/ },
  'writes no JSON': { up: 'echo hello > net.json', code: 'DOCUMENT_INVALID', says: /net\.json/ },
  'writes a document that breaks its schema': {
    up: good.replace('"none"', '"quantum"'), code: 'DOCUMENT_INVALID', says: /net\.json.*\/mode/s,
  },
  'writes a document of another version': {
    up: good.replace('"version":1', '"version":2'), code: 'DOCUMENT_VERSION_UNKNOWN', says: /net\.json/,
  },
  'writes a document of another pod': { up: anotherPod, code: 'DOCUMENT_INVALID', says: /net\.json is not valid: \/uuid/ },
  'edits what an earlier stage wrote': {
    up: `${good}; sed -i s/apps/sandbox/ pod.json`, code: 'HANDOFF_ALTERED', says: /pod\.json is not what/,
  },
  'removes what an earlier stage wrote': {
    up: `${good}; rm apps/busybox/image.json`, code: 'HANDOFF_ALTERED', says: /image\.json .*it is gone/s,
  },
  'writes what another stage is to write': {
    up: `${good}; cp net.json run.json`, code: 'HANDOFF_ALTERED', says: /run\.json .*no stage was to write it/s,
  },
  'adds an app': { up: `${good}; mkdir apps/more; cp apps/busybox/*.json apps/more`, code: 'HANDOFF_ALTERED', says: /apps\/more/ },
  'hangs': { up: 'sleep 1000', code: 'STAGE_TIMEOUT', says: /did not end within 0\.5 s/, env: { RKT_STAGE_TIMEOUT_MS: '500' } },
  'hangs behind a trap': {
    up: `trap '' TERM INT HUP; while :; do sleep 1; done`, code: 'STAGE_TIMEOUT', says: /killed/, env: { RKT_STAGE_TIMEOUT_MS: '500' },
  },
  'fails without a word': { up: 'exit 9', code: 'STAGE_FAILED', says: /exit code 9/ },
  'fails with words that are no error document': { up: 'echo "all is lost"; exit 9', code: 'STAGE_FAILED', says: /no error document/ },
  'prints an error document': {
    up: `echo talk; echo '{"version":1,"code":"NETWORK_NOT_FOUND","what":"networks not found","why":"moon","hint":"ask the sun"}'; exit 1`,
    code: 'NETWORK_NOT_FOUND', says: /networks not found: moon \[NETWORK_NOT_FOUND\]\n {2}try: ask the sun/,
  },
  'prints an error document of an unknown code': {
    up: `echo '{"version":1,"code":"NO_SUCH_CODE","what":"x"}'; exit 1`, code: 'STAGE_FAILED', says: /exit code 1/,
  },
  'dies by a signal': { up: 'kill -SEGV $$', code: 'STAGE_FAILED', says: /killed by SIGSEGV/ },
  'floods its standard output and fails': { up: 'yes | head -c 20000000; exit 3', code: 'STAGE_FAILED', says: /exit code 3/ },
}

for (const [name, { up, code, says, env }] of Object.entries(cases)) {
  story(`a network stage that ${name}: ${code}, and nothing is left`, async () => {
    const { exitCode, stdout, stderr } = await runWithUp(up, env)
    assert.deepEqual([exitCode, stdout], [254, ''], stderr)
    assert.match(stderr, /^run: network up: /m)
    assert.ok(stderr.includes(`[${code}]`), stderr)
    assert.match(stderr, says)
    await assertHostClean(stage.home)
  })
}

story('the stage, the verb and the code are in the error document as well, and in the log', async () => {
  const { home, images } = stage
  const program = writeProgram(home, 'careless.sh', '[ "$1" = up ] || exit 0; exit 9')
  await home.rkt(['run', ...plain, `--network-stage=${program}`, '--uuid-file-save=uuid', images.busybox])
  const { stdout } = await home.rkt(['trace', '--format=json', textOf(home.file('uuid'))])
  const { lines } = JSON.parse(stdout) as { lines: { stage: string; verb: string; error?: string; exitCode: number }[] }
  const last = lines.at(-1)
  assert.deepEqual([last?.stage, last?.verb, last?.error, last?.exitCode], ['network', 'up', 'STAGE_FAILED', 254])
})

for (const [name, habit] of [
  ['leaves a daemon that holds its standard output', 'setsid sleep 1000 &'],
  ['leaves a daemon that holds the lock only', 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &'],
  ['leaves a daemon twice removed', '(setsid sh -c "setsid sleep 1000 & exit" &)'],
  ['closes the lock', 'exec 9>&-'],
  ['lets go of the lock for everybody', 'flock -u 9'],
  ['reads from the lock and writes to it', 'cat <&9 2>/dev/null; echo x >&9 2>/dev/null; true'],
  ['closes its standard streams', 'exec 0<&- 1>&- 2>&-'],
] as const) {
  story(`a network stage that ${name} does no harm`, async () => {
    const { home, images } = stage
    const program = writeProgram(home, 'careless.sh', `[ "$1" = up ] || exit 0\n${good}\n${habit}`)
    // While the pod runs its lock is held: gc passes it over.
    const running = home.start(['run', ...plain, `--network-stage=${program}`, ...sh(images.busybox, 'echo up; sleep 0.5; exit 5')])
    await new Promise((resolve) => running.stdout.once('data', resolve))
    await home.rkt(['gc', '--grace-period=0s'])
    const { exitCode, stdout, stderr } = await running.ended
    assert.deepEqual([exitCode, stdout], [5, 'up\n'], stderr)
    await assertHostClean(home)
  })
}

story('a daemon that has the lock keeps no pod whose rkt was killed from being collected; it is ended with it', async () => {
  const { home, images } = stage
  const program = writeProgram(home, 'careless.sh', `[ "$1" = up ] || exit 0\n${good}\nsetsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > $RKT_POD/daemon`)
  const { uuid, running } = await startPod(home, [...plain, `--network-stage=${program}`, ...sh(images.busybox, 'sleep 1000')])
  const daemon = Number(textOf(join(home.data, 'pods/run', uuid, 'daemon')))
  await home.rkt(['gc', '--grace-period=0s'])
  process.kill(daemon, 0)
  process.kill(running.pid, 'SIGKILL')
  await running.ended.catch(() => {})
  assert.match((await home.rkt(['status', uuid])).stdout, /^state=running$/m, 'a lock that is held says so')
  // The pod's first process is gone when the machine's has reaped those that it leaves, which not every one does at once.
  const { stdout, stderr } = await until('the pod to be over', async () => {
    const ended = await home.rkt(['gc', '--grace-period=0s'])
    return ended.stdout.includes(uuid) && ended
  })
  assert.match(stderr, new RegExp(`gc: pod "${uuid}" is over, and held by what a stage left running: ${daemon}\n`))
  assert.match(stdout, new RegExp(`Garbage collecting pod "${uuid}"`))
  await assertHostClean(home)
})

for (const [name, body, code, says] of [
  ['exits with 0 and leaves no document', 'exit 0', 'DOCUMENT_MISSING', /stage2\.json was not written/],
  ['exits with a code of its own', 'exit 7', 'STAGE_FAILED', /exit code 7, and no stage2\.json/],
  ['dies by a signal', 'kill -KILL $$', 'STAGE_FAILED', /killed by SIGKILL/],
  ['writes garbage', 'echo garbage > stage2.json', 'DOCUMENT_INVALID', /stage2\.json/],
  ['edits a hand-off', `echo " " >> run.json; exec ${reference}/stage2.sh "$@"`, 'HANDOFF_ALTERED', /run\.json is not what/],
] as const) {
  story(`a stage2 that ${name}: ${code}, and nothing is left`, async () => {
    const { home, images } = stage
    const program = writeProgram(home, 'stage2.sh', body)
    const { exitCode, stderr } = await home.rkt(['run', ...plain, `--stage2=${program}`, images.busybox], { timeoutMs: 20_000 })
    assert.equal(exitCode, 254, stderr)
    assert.match(stderr, /^run: stage2 run: /m)
    assert.ok(stderr.includes(`[${code}]`), stderr)
    assert.match(stderr, says)
    await assertHostClean(home)
  })
}

story('a stage2 that starts an app and is killed leaves nothing of the app', async () => {
  const { home, images } = stage
  const program = writeProgram(home, 'stage2.sh', `
eval "set -- $(jq -r '.launch.foreground | @sh' apps/busybox/run.json)"
"$@" & sleep 0.5; kill -KILL $$`)
  const words = ['run', ...plain, `--stage2=${program}`, ...sh(images.busybox, 'echo up; sleep 1000')]
  const { exitCode, stdout, stderr } = await home.rkt(words)
  assert.deepEqual([exitCode, stdout], [254, 'up\n'], stderr)
  await assertHostClean(home)
})

const unknownImage = `{"version":1,"uuid":"'$RKT_UUID'","images":[{"reference":"x","imageId":"sha512-${'0'.repeat(64)}"}]}`

for (const [name, body, code] of [
  ['leaves no document', 'exit 0', 'DOCUMENT_MISSING'],
  ['writes garbage', 'echo garbage > $RKT_POD/images.json', 'DOCUMENT_INVALID'],
  ['names an image that is not in the store', `echo '${unknownImage}' > $RKT_POD/images.json`, ''],
  ['edits the request', 'echo " " >> $RKT_POD/request.json; exit 0', 'HANDOFF_ALTERED'],
  ['leaves a daemon and fails', 'setsid sleep 1000 & exit 4', 'STAGE_FAILED'],
] as const) {
  story(`a fetch stage that ${name}${code === '' ? ' is told' : `: ${code}`}, and nothing is left`, async () => {
    const { home, images } = stage
    const program = writeProgram(home, 'fetch.sh', body)
    const { exitCode, stderr } = await home.rkt(['prepare', `--fetch-stage=${program}`, images.busybox], { timeoutMs: 20_000 })
    assert.equal(exitCode, 254, stderr)
    assert.match(stderr, code === '' ? /^prepare: stage0 prepare: .*\[[A-Z_]+\]/m : /^prepare: fetch: /m)
    assert.ok(stderr.includes(code), stderr)
    await assertHostClean(home)
  })
}

story('a network stage whose down fails is told; the exit code is the pod\'s, and gc tries again', async () => {
  const { home, images } = stage
  const healed = home.file('healed')
  const program = writeProgram(home, 'careless.sh', `[ "$1" = up ] && { ${good}; exit; }\n[ -e ${healed} ] || exit 3`)
  const first = await home.rkt(['run', ...plain, `--network-stage=${program}`, images.exits, '--', '5'])
  assert.equal(first.exitCode, 5)
  assert.match(first.stderr, /^run: network down: .*exit code 3.*\[STAGE_FAILED\]/m)
  const gc = await home.rkt(['gc', '--grace-period=0s'])
  assert.match(gc.stderr, /network down: .*exit code 3/)
  writeProgram(home, 'healed', '')
  await home.rkt(['gc', '--grace-period=0s'])
  assert.equal(existsSync(program), true)
})

for (const [name, text] of [
  ['a directory', undefined], ['not executable', '#!/bin/sh\n'], ['no program', 'neither ELF nor #!\n'],
  ['without its interpreter', '#!/nonexistent\n'],
] as const) {
  story(`a stage program that is ${name}: STAGE_NOT_FOUND`, async () => {
    const { home, images } = stage
    const path = text === undefined ? home.file('') : writeProgram(home, `is-${name.replaceAll(' ', '-')}`, '')
    if (text !== undefined) writeFileSync(path, text)
    if (name === 'not executable') chmodSync(path, 0o644)
    const { exitCode, stderr } = await home.rkt(['run', ...plain, `--network-stage=${path}`, images.busybox])
    assert.equal(exitCode, 254)
    assert.match(stderr, /\[STAGE_NOT_FOUND\]/)
    await assertHostClean(home)
  })
}

story('pods whose programs have gone are collected all the same', async () => {
  const { home, images } = stage
  const network = writeProgram(home, 'network.sh', `[ "$1" = up ] || exit 0\n${good}`)
  const flavor = home.file('flavor-that-goes')
  cpSync(join(reference, 'flavor-pod-sh'), flavor, { recursive: true })
  cpSync(join(reference, 'supervise.sh'), home.file('supervise.sh'))
  await home.rkt(['run', ...plain, `--network-stage=${network}`, `--flavor=${flavor}`, '--uuid-file-save=uuid', images.exits, '--', '0'])
  rmSync(network)
  rmSync(flavor, { recursive: true })
  const { exitCode, stderr } = await home.rkt(['rm', textOf(home.file('uuid'))])
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /flavor-that-goes\/stage1 cannot be run: there is no such file; the built-in stage undoes what it can/)
  assert.match(stderr, /network\.sh cannot be run/)
})
