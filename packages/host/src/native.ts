import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import type { NativePart } from './native-interface.ts'

let directory: string | undefined
let loaded: NativePart | undefined

/** The addon, loaded at the first call (0.5 ms). Throws NATIVE_PART_MISSING. */
export function native(): NativePart {
  if (loaded === undefined) loaded = load(`${nativeDirectory()}/rocket.node`)
  return loaded
}

/** Where `rocket.node` and `pod-init` lie, for a bundle that knows better than `ROCKET_NATIVE` or this package's `dist/native`. */
export function setNativeDirectory(path: string): void {
  directory = path
  loaded = undefined
}

/** As said by `setNativeDirectory`, then `ROCKET_NATIVE`, then beside this package or, in a bundle, beside the bundle. */
export function nativeDirectory(): string {
  directory ??= process.env['ROCKET_NATIVE'] ?? besideThisFile()
  return directory
}

function besideThisFile(): string {
  const here = import.meta.dirname
  const ofPackage = join(here, '../dist/native')
  return [ofPackage, join(here, 'native')].find((path) => existsSync(`${path}/rocket.node`)) ?? ofPackage
}

function load(path: string): NativePart {
  const module = { exports: {} }
  try {
    process.dlopen(module, path)
  } catch (cause) {
    const built = existsSync(path)
    throw new RocketError('NATIVE_PART_MISSING', {
      what: `cannot load the native part ${path}`,
      why: built ? String(cause instanceof Error ? cause.message : cause) : 'it is not built',
      hint: built ? 'build it on this machine: node tools/build/src/native.ts --force' : 'build it: node tools/build/src/native.ts',
      cause,
    })
  }
  return module.exports as NativePart
}
