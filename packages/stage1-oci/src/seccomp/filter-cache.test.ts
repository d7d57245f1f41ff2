import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { crun } from '../testing/examples.ts'
import { expectFilter, findFilter, keepFilterOf } from './filter-cache.ts'
import { planSeccomp } from './plan-seccomp.ts'

const seccomp = planSeccomp({ mode: 'default' }, 'x64', 'crun')
const filter = Buffer.alloc(16, 7)
let base: string
let cache: string
let state: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'rocket-filter-'))
  cache = join(base, 'cache')
  state = join(base, 'state')
  mkdirSync(state, { mode: 0o700 })
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** What crun leaves. */
function launch(): void {
  writeFileSync(join(state, 'seccomp.bpf'), filter, { mode: 0o700 })
  writeFileSync(join(state, 'status'), '{}', { mode: 0o700 })
}

function lookUp(): string | undefined {
  return findFilter(seccomp, crun, cache)?.filter
}

function key(): string {
  return findFilter(seccomp, crun, cache)?.key ?? ''
}

test('a filter that crun compiled is found the next time, also when its container is gone', () => {
  assert.equal(lookUp(), undefined)
  expectFilter(key(), state, cache)
  assert.equal(lookUp(), undefined, 'the container is not there yet')
  launch()
  assert.equal(lookUp(), filter.toString('base64'))
  rmSync(state, { recursive: true })
  assert.equal(lookUp(), filter.toString('base64'))
})

test('a filter is kept when the container goes before anybody asked for it', () => {
  expectFilter(key(), state, cache)
  launch()
  keepFilterOf(join(base, 'another'), cache)
  keepFilterOf(state, cache)
  rmSync(state, { recursive: true })
  assert.equal(lookUp(), filter.toString('base64'))
})

test('a filter that may be half written is not taken', () => {
  expectFilter(key(), state, cache)
  writeFileSync(join(state, 'seccomp.bpf'), filter)
  assert.equal(lookUp(), undefined)
})

test('what others could have written, or what is no filter, is not taken', () => {
  const file = join(cache, `${key()}.bpf`)
  mkdirSync(cache, { mode: 0o700 })
  const refused = (change: () => void): void => {
    writeFileSync(file, filter, { mode: 0o600 })
    chmodSync(file, 0o600)
    assert.equal(lookUp(), filter.toString('base64'))
    change()
    assert.equal(lookUp(), undefined)
    rmSync(file)
  }
  refused(() => chmodSync(file, 0o622))
  refused(() => writeFileSync(file, filter.subarray(1)))
  refused(() => writeFileSync(file, ''))
  if (process.getuid?.() === 0) refused(() => chownSync(file, 1000, 0))
  writeFileSync(file, filter, { mode: 0o600 })
  chmodSync(cache, 0o777)
  assert.equal(lookUp(), undefined)
})

test('another list, runtime or libseccomp is another filter', () => {
  const keys = [
    findFilter(seccomp, crun, cache), findFilter(planSeccomp({ mode: 'deny', syscalls: ['acct'] }, 'x64', 'crun'), crun, cache),
    findFilter(seccomp, { ...crun, version: '1.9' }, cache), findFilter(seccomp, { ...crun, libseccomp: 'libseccomp.so.2.6.0' }, cache),
    findFilter(seccomp, { ...crun, file: 'other' }, cache),
  ].map((lookup) => lookup?.key)
  assert.equal(new Set(keys).size, keys.length)
})

test('runc has no use for it, and without a list there is no filter', () => {
  assert.equal(findFilter(seccomp, { ...crun, name: 'runc' }, cache), undefined)
  assert.equal(findFilter(undefined, crun, cache), undefined)
  assert.ok(!existsSync(cache))
})
