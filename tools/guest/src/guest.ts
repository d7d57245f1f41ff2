import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isRocketError } from '@rocket/contracts'
import { buildGuest } from './build.ts'
import { packGuest } from './pack.ts'
import { kinds, type Kind } from './recipe.ts'
import { updateLock } from './update.ts'

const usage = `usage: guest.ts [build|update|pack] [--kernel=debian|small] [--output=FILE]

build   builds the guest that the lock names, unless it is there; prints its directory
update  writes a new lock with the versions that the archive has now
pack    builds, and packs the guest as an image (guest-<kernel>.aci unless --output says otherwise)
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { kernel: { type: 'string', default: 'debian' }, output: { type: 'string' } } })
  const [verb = 'build'] = positionals
  const kind = kinds.find((one) => one === values.kernel)
  if (kind === undefined || positionals.length > 1 || !['build', 'update', 'pack'].includes(verb)) {
    process.stderr.write(usage)
    process.exitCode = 254
    return
  }
  await run(verb, kind, values.output)
}

async function run(verb: string, kind: Kind, output: string | undefined): Promise<void> {
  const root = resolve(import.meta.dirname, '../../..')
  if (verb === 'update') {
    const lock = updateLock(join(root, '.rocket/guest'))
    process.stdout.write(`${lock.guest.length + Object.values(lock.kernels).flat().length} packages are locked in tools/guest/guest.lock.json\n`)
    return
  }
  const directory = await buildGuest({ root, kind })
  if (verb === 'build') {
    process.stdout.write(`${directory}\n`)
    return
  }
  const packed = await packGuest(realpathSync(directory), resolve(output ?? `guest-${kind}.aci`))
  process.stdout.write(`${packed.imageId}\n`)
}

try {
  await main()
} catch (error) {
  if (!isRocketError(error)) throw error
  process.stderr.write(`guest: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`)
  process.exitCode = 254
}
