import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePod, makeWorkshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'

/** Builtins that cost milliseconds to load, and what only fetching needs. */
const builtins = /^(node:)?(crypto|child_process|fs\/promises|zlib|http|https|tls|dns|net|stream)$/
const packages = /\/(zod|undici|tar-stream|openpgp)\/|\/packages\/image\//

const script = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); loaded.push(found.url); return found } })
  const [, stagePath, hostPath, podDirectory, storeDirectory] = process.argv
  const { stage } = await import(stagePath)
  const { HandoffFiles } = await import(hostPath)
  const files = new HandoffFiles(podDirectory)
  const verb = stage.verbs.fetch
  const context = { uuid: files.read('Request').uuid, podDirectory, storeDirectory, files, warn() {}, debug() {} }
  const began = performance.now()
  const result = verb.apply(verb.plan(context), context)
  const ms = performance.now() - began
  console.log(JSON.stringify({ loaded, isSynchronous: result === undefined, ms }))
`

test('an image that is in the store is used synchronously, and loads neither formats nor network', async (t) => {
  const workshop = makeWorkshop(t)
  const [record] = await workshop.fetch([makeAci(workshop.directory)])
  const pod = makePod(workshop.directory, [record!.imageId, 'example.com/true,arch=amd64'])
  const output = execFileSync(
    process.execPath,
    [
      '--input-type=module', '-e', script, '--', join(import.meta.dirname, 'stage.ts'),
      join(import.meta.dirname, '../../host/src/index.ts'), pod, workshop.store.directory,
    ],
    { encoding: 'utf8' },
  )
  const { loaded, isSynchronous, ms } = JSON.parse(output) as { loaded: string[]; isSynchronous: boolean; ms: number }
  t.diagnostic(`${ms.toFixed(1)} ms`)
  assert.ok(isSynchronous)
  assert.ok(loaded.length > 5)
  assert.deepEqual(loaded.filter((url) => builtins.test(url) || packages.test(url)), [])
})
