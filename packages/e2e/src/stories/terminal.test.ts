import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { program, runRkt } from '../program/rkt.ts'
import { startPod, textOf, until } from '../program/home.ts'
import { plain, story, tellStories } from '../program/story.ts'

const stage = tellStories()

/** One word of a shell's. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** Runs a command of ours on a terminal that `script` makes: what comes out is what a person would see. */
async function onTerminal(args: readonly string[], input?: string): Promise<{ exitCode: number | undefined; screen: string }> {
  const { home } = stage
  const line = [program, `--dir=${home.data}`, ...args].map(quote).join(' ')
  const { exitCode, stdout } = await runRkt(['--quiet', '--return', '--command', line, '/dev/null'], {
    program: 'script', cwd: home.directory, ...(input === undefined ? {} : { input }),
  })
  return { exitCode, screen: stdout.replaceAll('\r', '') }
}

story('--interactive gives the app the terminal, and its exit code comes back', async () => {
  const { images } = stage
  const { exitCode, screen } = await onTerminal([
    'run', ...plain, '--interactive', images.busybox, '--exec=/bin/sh', '--', '-c',
    'tty; test -t 0 -a -t 1 -a -t 2 && echo all of it; exit 4',
  ])
  assert.equal(exitCode, 4, screen)
  assert.match(screen, /\/dev\/(pts\/\d+|console)$/m)
  assert.match(screen, /all of it$/m)
})

story('what is typed reaches an interactive app, line by line', async () => {
  const { images } = stage
  const { screen, exitCode } = await onTerminal(
    ['run', ...plain, '--interactive', images.busybox, '--exec=/bin/sh', '--', '-c', 'read line; echo "you said $line"'], 'good morning\n',
  )
  assert.equal(exitCode, 0, screen)
  assert.match(screen, /^you said good morning$/m)
})

story('without --interactive the app has no terminal to read from', async () => {
  const { images } = stage
  const { screen } = await onTerminal(['run', ...plain, images.busybox, '--exec=/bin/sh', '--', '-c', 'test -t 0 || echo none'])
  assert.match(screen, /none$/m)
})

story('enter gives a terminal where the caller has one', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, images.busybox, '--exec=/bin/sleep', '--', '60'])
  const { exitCode, screen } = await onTerminal(['enter', uuid, '/bin/sh', '-c', 'test -t 0 && test -t 1 && echo a terminal; exit 6'])
  assert.equal(exitCode, 6, screen)
  assert.match(screen, /a terminal$/m)
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

story('enter knows the programs of an app whose launcher stays before it, as it does with a terminal', async () => {
  const { home, images } = stage
  const file = home.file('uuid')
  const pod = onTerminal(['run', ...plain, '--interactive', `--uuid-file-save=${file}`, images.busybox, '--exec=/bin/sleep', '--', '60'])
  await until('the pod', async () => existsSync(file) && (await home.rkt(['status', '--wait-ready=1s', `--uuid-file=${file}`])).exitCode === 0)
  const uuid = textOf(file)
  const ofTheHost = await home.rkt(['enter', uuid, process.execPath])
  assert.deepEqual([ofTheHost.exitCode, /\[APP_PROGRAM_MISSING\]/.test(ofTheHost.stderr)], [254, true], ofTheHost.stderr)
  assert.equal((await home.rkt(['enter', uuid, '/bin/sh', '-c', 'exit 6'])).exitCode, 6)
  await home.rkt(['stop', '--force', uuid])
  await pod
})

story('progress on a terminal tells a file from a download', async () => {
  const { images } = stage
  for (const image of [images.guest, `oci:${images.layout}`]) {
    const { exitCode, screen } = await onTerminal(['fetch', '--insecure-options=image', image])
    assert.equal(exitCode, 0, screen)
    assert.match(screen, /Using image from file: \d/)
    assert.doesNotMatch(screen, /Downloading/)
  }
})

story('an interactive pod of several apps is refused', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, '--interactive', images.busybox, images.exits])
  assert.equal(exitCode, 254)
  assert.match(stderr, /interactive option only supports one image/)
})
