import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { readJsonFile } from '@rocket/host'
import { builtinNetworks } from './builtin-networks.ts'
import type { NetworkConfig, PluginConfig } from './cni-types.ts'

/** rkt's system configuration, read after the local one. */
const systemConfig = '/usr/lib/rkt'
const maxConfigBytes = 1 << 20

/**
 * Every configured network, in the order of file names: `net.d/*.conf` (one plugin) and `*.conflist` of the local and of the system
 * configuration, then the built-ins. The first definition of a name wins, and is told in rkt's words. Throws CONFIG_INVALID for a
 * file that is no network. Source: rkt networking/podenv.go.
 */
export function readNetworks(localConfig: string, warn: (message: string) => void): NetworkConfig[] {
  const networks = new Map<string, NetworkConfig>()
  for (const directory of [join(localConfig, 'net.d'), join(systemConfig, 'net.d')]) {
    for (const file of listConfigs(directory)) {
      const network = readNetwork(join(directory, file), file)
      if (networks.has(network.name)) warn(`"${network.name}" network already defined, ignoring ${file}`)
      else {
        if (builtinNetworks.some((builtin) => builtin.name === network.name)) {
          warn(`overriding "${network.name}" network with one from ${directory}`)
        }
        networks.set(network.name, network)
      }
    }
  }
  for (const builtin of builtinNetworks) if (!networks.has(builtin.name)) networks.set(builtin.name, builtin)
  return [...networks.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
}

function listConfigs(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /\.conf(list)?$/.test(name)).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw new RocketError('CONFIG_INVALID', { what: `${directory} cannot be read`, why: (error as Error).message, cause: error })
  }
}

function readNetwork(path: string, file: string): NetworkConfig {
  const value = readConfig(path)
  const problem = (why: string): never => {
    throw new RocketError('CONFIG_INVALID', { what: `the network configuration ${path} cannot be used`, why })
  }
  if (!isObject(value)) return problem('it is not a JSON object')
  const { name, cniVersion, plugins, disableCheck: _disableCheck, ...rest } = value
  // CNI's rule for names, which become directories and chains.
  if (!matches(name, /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/)) return problem('its name is missing or not a network name')
  // The specification: a configuration without a version speaks 0.1.0.
  const version = cniVersion ?? '0.1.0'
  if (!matches(version, /^\d+\.\d+\.\d+$/)) return problem('cniVersion is not a version')
  const list = file.endsWith('.conflist') ? plugins : [rest]
  if (!Array.isArray(list) || list.length === 0) return problem('it lists no plugins')
  for (const plugin of list as unknown[]) {
    if (!isObject(plugin) || typeof plugin.type !== 'string') return problem('a plugin has no type')
    if (!matches(plugin.type, /^\w[\w.-]*$/)) return problem(`${JSON.stringify(plugin.type)} is not the name of a plugin`)
    if (plugin.ipam !== undefined && !isObject(plugin.ipam)) return problem('ipam is not an object')
  }
  return { name, file, cniVersion: version, plugins: list as PluginConfig[] }
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value)
}

function readConfig(path: string): unknown {
  try {
    return readJsonFile(path, { maxBytes: maxConfigBytes })
  } catch (error) {
    const why = isRocketError(error) ? (error.why ?? error.what) : (error as Error).message
    throw new RocketError('CONFIG_INVALID', { what: `the network configuration ${path} cannot be read`, why, cause: error })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
