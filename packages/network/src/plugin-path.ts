import { accessSync, constants, statSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import type { PluginConfig } from './cni-types.ts'

/** Where plugins are looked for: rkt's places, then the distribution's and the one of upstream's documentation. */
export function pluginDirectories(localConfig: string): string[] {
  return [`${localConfig}/net.d`, '/usr/lib/rkt/plugins/net', '/usr/lib/cni', '/opt/cni/bin']
}

/**
 * Throws CNI_PLUGIN_MISSING unless every plugin that the networks name, address management included, is there. A plugin that starts
 * another one would only notice in the middle of an ADD.
 */
export function requirePlugins(networks: readonly NamedPlugins[], directories: readonly string[]): void {
  for (const { network, plugins } of networks) {
    const types = plugins.flatMap((plugin) => [plugin.type, plugin.ipam?.type ?? '']).filter((type) => type !== '')
    const missing = types.find((type) => findPlugin(type, directories) === undefined)
    if (missing !== undefined) throw pluginMissing(network, missing, directories)
  }
}

interface NamedPlugins {
  network: string
  plugins: readonly PluginConfig[]
}

export function findPlugin(type: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => `${directory}/${type}`).find(isExecutable)
}

export function pluginMissing(network: string, type: string, directories: readonly string[]): RocketError {
  return new RocketError('CNI_PLUGIN_MISSING', {
    what: `network ${network} cannot be set up`,
    why: `could not find plugin "${type}" in ${directories.join(', ')}`,
    hint: 'apt-get install containernetworking-plugins, or run the pod with --net=none or --net=host',
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
