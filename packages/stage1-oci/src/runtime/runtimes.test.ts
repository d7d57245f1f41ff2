import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { chooseRuntime } from './choose-runtime.ts'
import { readRuntime } from './known-runtimes.ts'

let base: string
let memory: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'rocket-runtimes-'))
  memory = join(base, 'run/oci-runtime.json')
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** A program that answers as a runtime does and counts how often it was asked. */
function runtime(name: string, answer: string): string {
  const path = join(base, name)
  writeFileSync(path, `#!/bin/sh\necho asked >> ${base}/asked\n${answer}\n`)
  chmodSync(path, 0o755)
  return path
}

function timesAsked(): number {
  return readFileSync(join(base, 'asked'), 'utf8').split('\n').length - 1
}

for (const [name, answer, expected] of [
  ['crun', "printf 'crun version 1.8.1\\ncommit: f8a\\nspec: 1.0.0\\n'", ['crun', '1.8.1']],
  ['runc', "printf 'runc version 1.1.5+ds1\\ncommit: 1\\n'", ['runc', '1.1.5+ds1']],
  ['youki', "printf 'youki version 0.4.1\\n'", ['youki', '0.4.1']],
  ['runsc', "printf 'runsc version release-20240101.0\\nspec: 1.1.0\\n' | sed s/release-//", ['runsc', '20240101.0']],
  ['crun-1.14', "printf 'crun version 1.14\\n'", ['crun', '1.14']],
] as const) {
  test(`${name} tells its name and version`, () => {
    const known = readRuntime(runtime(name, answer), memory)
    assert.deepEqual([known.name, known.version], expected)
  })
}

test('a runtime is asked once, and again when it was replaced', () => {
  const path = runtime('crun', "echo 'crun version 1.0'")
  assert.equal(readRuntime(path, memory).version, '1.0')
  assert.equal(readRuntime(path, memory).version, '1.0')
  assert.equal(timesAsked(), 1)
  runtime('crun', "echo 'crun version 1.10'")
  assert.equal(readRuntime(path, memory).version, '1.10')
})

test('what others may have written is not believed', () => {
  const path = runtime('crun', "echo 'crun version 1.0'")
  readRuntime(path, memory)
  for (const text of [readFileSync(memory, 'utf8').replaceAll('1.0', '6.6'), 'not JSON', '{}']) {
    writeFileSync(memory, text)
    chmodSync(memory, 0o666)
    assert.equal(readRuntime(path, memory).version, '1.0')
  }
})

test('a runtime that cannot tell its version is refused', () => {
  for (const answer of ['exit 1', 'echo nothing', 'kill -9 $$']) {
    assert.throws(() => readRuntime(runtime('crun', answer), memory), (error) => isRocketError(error, 'OCI_RUNTIME_BROKEN'))
  }
})

test('a runtime that is not there is refused, and how to get it is said', () => {
  for (const asked of ['no-such-runtime', '/no/such/crun', 'bin/crun']) {
    assert.throws(() => chooseRuntime(asked), (error) => isRocketError(error, 'OCI_RUNTIME_MISSING') && error.message.includes(asked))
  }
})
