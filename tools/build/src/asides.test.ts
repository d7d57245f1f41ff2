import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bundleAsides } from './asides.ts'
import { bundleOptions } from './bundle.ts'
import { collectVendor } from './vendor.ts'

const root = join(import.meta.dirname, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'rocket-asides-'))
after(() => rmSync(scratch, { recursive: true }))

const script = `
  const { UnpackThreads } = require('./aside-image.cjs')
  const [path, target] = process.argv.slice(2)
  const threads = new UnpackThreads(1)
  const unpacking = threads.unpack(path, target, { sizeBytes: require('node:fs').statSync(path).size })
  unpacking.grown(require('node:fs').statSync(path).size)
  unpacking.complete()
  unpacking.result.then((unpacked) => console.log(unpacked.digest)).finally(() => threads.close())
`

test('the thread that unpacks layers is found beside the bundle, and loads nothing dear', async () => {
  const vendor = collectVendor()
  await bundleAsides(root, scratch, bundleOptions, vendor.plugin)
  await vendor.write(root, scratch, bundleOptions)
  mkdirSync(join(scratch, 'tree'))
  writeFileSync(join(scratch, 'tree/file'), 'content')
  execFileSync('tar', ['-czf', join(scratch, 'layer'), '-C', join(scratch, 'tree'), '.'])
  writeFileSync(join(scratch, 'script.cjs'), script)
  const env = { ...process.env, ROCKET_NATIVE: join(root, 'packages/host/dist/native') }
  const printed = execFileSync(process.execPath, [join(scratch, 'script.cjs'), join(scratch, 'layer'), join(scratch, 'out')], { encoding: 'utf8', env })
  assert.match(printed, /^sha256:[0-9a-f]{64}\n$/)
  assert.equal(readFileSync(join(scratch, 'out/file'), 'utf8'), 'content')
  const thread = join(scratch, 'aside-unpack-thread.cjs')
  assert.ok(existsSync(thread))
  assert.doesNotMatch(readFileSync(thread, 'utf8'), /vendor\//)
})
