import { realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import type { FlagValues } from '../grammar/flag.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { invalid, readConfigFiles, type ConfigFile } from './config-files.ts'

/** What the global flags and the configuration files say, before any command. */
export interface Settings {
  debug: boolean
  dataDirectory: string
  storeDirectory: string
  systemConfig: string
  localConfig: string
  userConfig: string | undefined
  stages: StageSettings
}

/** Which programs stand in for which stages, and which flavors there are beside the built-in ones. All paths absolute. */
export interface StageSettings {
  fetch?: string
  stage0?: string
  network?: string
  stage2?: string
  /** Directories that hold a `flavor.json`. */
  flavors: string[]
  defaultFlavor?: string
  ociRuntime?: string
}

const replaceable = ['fetch', 'stage0', 'network', 'stage2'] as const

/** Throws CONFIG_INVALID, and USAGE for a data directory that is none. */
export function readSettings(flags: FlagValues): Settings {
  const systemConfig = resolve(flags.get(globalFlags.systemConfig))
  const localConfig = resolve(flags.get(globalFlags.localConfig))
  const user = flags.get(globalFlags.userConfig)
  const userConfig = user === '' ? undefined : resolve(user)
  const layers = [systemConfig, localConfig, ...(userConfig === undefined ? [] : [userConfig])]
  const dataDirectory = flags.isSet(globalFlags.dir)
    ? givenDirectory(flags.get(globalFlags.dir))
    : configuredPath(layers, 'data') ?? flags.get(globalFlags.dir)
  const real = realDirectory(dataDirectory)
  return {
    debug: flags.get(globalFlags.debug), dataDirectory: real, storeDirectory: join(real, 'cas'), systemConfig, localConfig, userConfig,
    stages: stageSettings(layers),
  }
}

function givenDirectory(path: string): string {
  if (path !== '') return resolve(path)
  throw new RocketError('USAGE', { what: '"" is not a valid directory' })
}

/** As it is when there is none yet. */
function realDirectory(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return path
  if (stats.isDirectory()) return realpathSync(path)
  throw new RocketError('USAGE', { what: `${path} is not a valid directory`, why: 'something else is in its place', hint: 'name another with --dir' })
}

/** A later layer wins; twice in one layer is refused. */
function configuredPath(layers: readonly string[], field: 'data'): string | undefined {
  let found: string | undefined
  for (const layer of layers) {
    const files = readConfigFiles(layer, 'paths.d', ['paths']).filter(({ value }) => value[field] !== undefined && value[field] !== '')
    for (const file of files) found = absolute(file, field, 'data directory')
    const again = files[1]
    if (again !== undefined) throw invalid(again.path, `failed to parse "${again.path}": data directory is already specified`)
  }
  return found
}

function stageSettings(layers: readonly string[]): StageSettings {
  const settings: StageSettings = { flavors: [] }
  for (const layer of layers) {
    const said = new Set<string>()
    for (const file of readConfigFiles(layer, 'stages.d', ['stages'])) {
      for (const name of replaceable) if (once(file, name, said)) settings[name] = absolute(file, name, `program of stage ${name}`)
      for (const name of ['defaultFlavor', 'ociRuntime'] as const) if (once(file, name, said)) settings[name] = text(file, name)
      const { flavors } = file.value
      if (flavors !== undefined) settings.flavors.push(...flavorDirectories(file, flavors))
    }
  }
  return settings
}

function once(file: ConfigFile, name: string, said: Set<string>): boolean {
  if (file.value[name] === undefined) return false
  if (said.has(name)) throw invalid(file.path, `failed to parse "${file.path}": ${name} is already specified`)
  said.add(name)
  return true
}

function text(file: ConfigFile, name: string): string {
  const value = file.value[name]
  if (typeof value === 'string' && value !== '') return value
  throw invalid(file.path, `failed to parse "${file.path}": ${name} must be a string`)
}

function absolute(file: ConfigFile, name: string, what: string): string {
  const path = text(file, name)
  if (path.startsWith('/')) return path
  throw invalid(file.path, `failed to parse "${file.path}": ${what} must be an absolute path`)
}

function flavorDirectories(file: ConfigFile, value: unknown): string[] {
  if (Array.isArray(value) && value.every((path): path is string => typeof path === 'string' && path.startsWith('/'))) return value
  throw invalid(file.path, `failed to parse "${file.path}": flavors must be an array of absolute paths`)
}
