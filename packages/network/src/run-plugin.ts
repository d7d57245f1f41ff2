import { RocketError } from '@rocket/contracts'
import { startProgram, type ProgramResult, type RunningProgram } from '@rocket/host'
import type { CniResult, PluginConfig, PortMapping } from './cni-types.ts'
import { findPlugin, pluginMissing } from './plugin-path.ts'
import { environmentOfPod } from './stragglers.ts'
import type { Job } from './run-together.ts'

/** Longer than any plugin's own waits; the driver's bound of a minute still holds after one that hangs. */
const pluginTimeoutMs = 25_000

/** One network of one pod, as its plugins are told of it. */
export interface Link {
  uuid: string
  network: string
  cniVersion: string
  plugins: readonly PluginConfig[]
  ifName: string
  args?: string | undefined
  /** Of the plugins that publish ports themselves. */
  portMappings?: readonly PortMapping[] | undefined
  cniPath: readonly string[]
}

/**
 * CNI ADD of every plugin in order, each told the result of the one before. Yields the programs; returns the last result. Throws
 * CNI_PLUGIN_FAILED or CNI_PLUGIN_MISSING; what was added before is then still there.
 */
export function* addLink(link: Link, netns: string): Job<CniResult> {
  let result: unknown
  for (const plugin of link.plugins) {
    const ended = yield startPlugin('ADD', link, plugin, netns, result)
    result = parseResult(link, plugin, ended)
  }
  return result as CniResult
}

/**
 * CNI DEL in reverse order; without `netns` the plugins release what they hold outside of it. A plugin that fails does not keep the
 * others from being called; the first failure is thrown at the end.
 */
export function* deleteLink(link: Link, netns: string | undefined, result: unknown): Job<void> {
  const failures: unknown[] = []
  for (const plugin of link.plugins.toReversed()) {
    try {
      const ended = yield startPlugin('DEL', link, plugin, netns, result)
      if (ended.exitCode !== 0) throw pluginFailed('DEL', link, plugin, ended)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** What a plugin reads on standard input. Also shown by the plan, without a previous result. */
export function pluginInput(link: Link, plugin: PluginConfig, prevResult?: unknown): object {
  const mapsPorts = plugin.capabilities?.portMappings === true && link.portMappings !== undefined
  const { capabilities: _capabilities, ...config } = plugin
  return {
    ...config, name: link.network, cniVersion: link.cniVersion,
    ...(mapsPorts ? { runtimeConfig: { portMappings: link.portMappings } } : {}),
    ...(prevResult === undefined ? {} : { prevResult }),
  }
}

export function pluginEnvironment(command: Command, link: Link, netns: string | undefined): Record<string, string> {
  return {
    CNI_COMMAND: command, CNI_CONTAINERID: link.uuid, CNI_NETNS: netns ?? '', CNI_IFNAME: link.ifName,
    CNI_PATH: link.cniPath.join(':'), ...(link.args === undefined ? {} : { CNI_ARGS: link.args }),
  }
}

type Command = 'ADD' | 'DEL'

function startPlugin(command: Command, link: Link, plugin: PluginConfig, netns: string | undefined, prevResult: unknown): RunningProgram {
  const path = findPlugin(plugin.type, link.cniPath)
  if (path === undefined) throw pluginMissing(link.network, plugin.type, link.cniPath)
  return startProgram(path, [], {
    env: { ...environmentOfPod(link.uuid), ...pluginEnvironment(command, link, netns) },
    input: JSON.stringify(pluginInput(link, plugin, prevResult)),
    timeoutMs: pluginTimeoutMs,
    maxOutputBytes: 1 << 20,
  })
}

function parseResult(link: Link, plugin: PluginConfig, ended: ProgramResult): unknown {
  if (ended.exitCode !== 0) throw pluginFailed('ADD', link, plugin, ended)
  const result = parseJson(ended.stdout)
  if (typeof result === 'object' && result !== null && !Array.isArray(result)) return result
  throw new RocketError('CNI_PLUGIN_FAILED', {
    what: `error adding network "${link.network}": plugin ${plugin.type} gave no result`, why: 'what it printed is not a JSON object',
  })
}

/** The plugin's own words, `msg; details`, from the error it printed; what it wrote to standard error when it printed none. */
function pluginFailed(command: Command, link: Link, plugin: PluginConfig, ended: ProgramResult): RocketError {
  const words = parseJson(ended.stdout) as { msg?: unknown; details?: unknown } | undefined
  const own = [words?.msg, words?.details].filter((word) => typeof word === 'string' && word !== '').join('; ')
  const last = ended.stderr.toString('utf8').trim().split('\n').slice(-3).join('; ')
  const end = ended.timedOut ? `it did not finish within ${pluginTimeoutMs / 1000} s`
    : ended.signal === undefined ? `exit code ${ended.exitCode}` : `killed by signal ${ended.signal}`
  return new RocketError('CNI_PLUGIN_FAILED', {
    what: `error ${command === 'ADD' ? 'adding' : 'deleting'} network "${link.network}": plugin ${plugin.type} failed`,
    why: own !== '' ? own : last === '' ? end : `${end}: ${last}`,
  })
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
