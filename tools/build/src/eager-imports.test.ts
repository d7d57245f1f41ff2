import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bundleOptions } from './bundle.ts'
import { bundleTraced } from './trace-loading.ts'

const root = join(import.meta.dirname, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'rocket-eager-'))
after(() => rmSync(scratch, { recursive: true }))

const metafile = await bundleTraced(root, {
  ...bundleOptions, entryPoints: ['packages/cli/src/main.ts'], outfile: join(scratch, 'rkt.cjs'),
})

/** Each costs more than all of our own code on the run path, or starts threads that do not see the pod's mounts. */
const dearPackages = ['zod', 'execa', 'undici', 'tar-stream', 'openpgp', '@sigstore/verify']
const dearBuiltins = ['node:crypto', 'node:child_process', 'node:fs/promises', 'node:http', 'node:https', 'node:worker_threads', 'node:zlib', 'node:readline']

for (const words of [
  ['version'],
  ['list'],
  ['status', '00000000-0000-0000-0000-000000000000'],
  ['image', 'list'],
  ['run', '/no/such/image.aci'],
]) {
  test(`rkt ${words.join(' ')} loads nothing dear`, () => {
    const loaded = readLoaded(words)
    assert.deepEqual(loaded.filter((path) => dearPackages.some((name) => path.includes(`node_modules/${name}/`))), [])
    const builtins = loaded.flatMap((path) =>
      (metafile.inputs[path]?.imports ?? [])
        .filter((found) => found.external && found.kind === 'import-statement' && dearBuiltins.includes(found.path))
        .map((found) => `${found.path} in ${path}`))
    assert.deepEqual(builtins, [])
  })
}

function readLoaded(words: readonly string[]): string[] {
  const data = join(scratch, 'data')
  const record = join(scratch, 'loaded')
  mkdirSync(data, { recursive: true })
  rmSync(record, { force: true })
  spawnSync(process.execPath, [join(scratch, 'rkt.cjs'), `--dir=${data}`, ...words], { env: { ...process.env, ROCKET_LOADED: record } })
  assert.ok(existsSync(record), 'the program started')
  return readFileSync(record, 'utf8').trim().split('\n')
}
