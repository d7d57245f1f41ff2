import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { entryScript } from './entry.ts'

test('what a command has executed is kept compiled, with what it asked for beside its bundle, and taken by the next', (t) => {
  const build = mkdtempSync(join(tmpdir(), 'rocket-entry-'))
  t.after(() => rmSync(build, { recursive: true }))
  for (const directory of ['code', 'vendor']) mkdirSync(join(build, directory))
  writeFileSync(join(build, 'rkt.cjs'), entryScript([]))
  writeFileSync(join(build, 'vendor/@some-package.cjs'), "module.exports = { text: 'package \\u00e4 \u00e4', os: require('node:os').type() }")
  writeFileSync(join(build, 'aside-one.cjs'), "exports.text = 'aside'; exports.there = __dirname; exports.vendor = require('./vendor/@some-package.cjs')")
  writeFileSync(join(build, 'main.cjs'), `
    const one = require('./aside-one.cjs')
    console.log(one.text, one.there === __dirname, one.vendor.text, one.vendor.os)
    console.log(one === require('./aside-one.cjs'), one.vendor === require('./vendor/@some-package.cjs'))
    rocketKeepCode()`)
  const run = (): string => execFileSync(process.execPath, [join(build, 'rkt.cjs'), 'gc', '--quiet'], { encoding: 'utf8' })
  const kept = (): [string, number][] => readdirSync(join(build, 'code')).sort().map((name) => [name, statSync(join(build, 'code', name)).ino])
  assert.equal(run(), 'aside true package ä ä Linux\ntrue true\n')
  const first = kept()
  assert.deepEqual(first.map(([name]) => name), ['aside-one-gc', 'main-gc', 'vendor-@some-package-gc'])
  assert.equal(run(), 'aside true package ä ä Linux\ntrue true\n')
  assert.deepEqual(kept(), first, 'nothing was compiled, and so nothing is kept again')
})
