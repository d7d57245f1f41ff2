import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, makeCheckout } from './checkout.ts'

let root: string
before(() => { root = makeCheckout() })
after(() => rmSync(dirname(root), { recursive: true, force: true }))

/** A PATH with the system's programs, some of them missing or replaced by a script. */
function makePath(name: string, missing: readonly string[], scripts: Readonly<Record<string, string>>): string {
  const directory = join(dirname(root), name)
  mkdirSync(directory)
  const hidden = ['node', 'npm', ...missing, ...Object.keys(scripts)]
  for (const program of readdirSync('/usr/bin')) {
    if (!hidden.includes(program)) symlinkSync(join('/usr/bin', program), join(directory, program))
  }
  for (const [program, body] of Object.entries(scripts)) {
    writeFileSync(join(directory, program), `#!/bin/sh\n${body}\n`)
    chmodSync(join(directory, program), 0o755)
  }
  return directory
}

const goodNode = 'echo v18.0.0'

for (const [what, missing, scripts, message] of [
  ['no Node', [], {}, /Node\.js is missing\n {2}hint: install Node\.js 18 or later/],
  ['no npm', [], { node: goodNode }, /npm is missing\n {2}hint: /],
  ['an old Node', [], { node: 'echo v16.20.2', npm: 'exit 0' }, /Node\.js v16\.20\.2 is too old .*\n {2}hint: /],
  ['no C compiler', ['cc'], { node: goodNode, npm: 'exit 0' }, /a C compiler is missing.*\n {2}hint: apt-get install gcc/],
  ['no flock', ['flock'], {}, /flock is missing\n {2}hint: install util-linux/],
  ['a processor without a pinned Node', [], { uname: 'echo riscv64' }, /no pinned Node for riscv64/],
  ['npm that fails', [], { node: goodNode, npm: 'echo no registry >&2; exit 1' }, /no registry\nrkt: npm ci failed\n {2}hint: /],
] as const) {
  test(`with ${what} the launcher says so and exits with 254`, async () => {
    const { status, stdout, stderr } = await launch(root, ['list'], { env: { PATH: makePath(what, missing, scripts) } })
    assert.match(stderr, message)
    assert.deepEqual({ status, stdout }, { status: 254, stdout: '' })
  })
}
