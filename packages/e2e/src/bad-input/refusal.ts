import assert from 'node:assert/strict'
import type { Images } from '../fixtures/images.ts'
import type { Home } from '../program/home.ts'
import type { RktOptions } from '../program/rkt.ts'
import { story, type Stage } from '../program/story.ts'

export interface Refusal {
  /** What is wrong, to stand behind "refuses". */
  readonly what: string
  readonly words: (images: Images, home: Home) => readonly string[]
  readonly code: string
  /** What the message must name. */
  readonly names?: string | RegExp
  readonly options?: RktOptions
  readonly unless?: false | string
}

/** A story for each: exit code 254, the code, the thing by name, one piece of advice, nothing on standard output, and no pod that runs. */
export function tellRefusals(stage: Stage, refusals: readonly Refusal[]): void {
  for (const { what, words, code, names, options, unless } of refusals) {
    story(`refuses ${what}`, async () => {
      const { home, images } = stage
      const { exitCode, stdout, stderr } = await home.rkt(words(images, home), options)
      assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' }, stderr)
      assert.match(stderr, new RegExp(`\\[${code}\\]`))
      if (names !== undefined) assert.ok(typeof names === 'string' ? stderr.includes(names) : names.test(stderr), stderr)
      assert.equal(stderr.split('\n').filter((line) => line.startsWith('  try: ')).length, 1, stderr)
    }, unless)
  }
}

/** Where an OCI runtime would be found. */
export const runtimePaths: readonly string[] = ['crun', 'runc', 'youki'].flatMap((name) =>
  ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'].map((directory) => `${directory}/${name}`))

/** Runs a command in a mount namespace in which these programs or directories are not there. */
export function hiding(...paths: readonly string[]): RktOptions {
  const script = paths.map(
    (path) => `if [ -d ${path} ]; then mount -t tmpfs none ${path}; elif [ -e ${path} ]; then mount --bind /dev/null ${path}; fi`,
  )
  return { through: ['unshare', '--mount', '--propagation=private', '/bin/sh', '-ec', `${script.join('\n')}\nexec "$@"`, '/bin/sh'] }
}
