import { existsSync } from 'node:fs'
import { isRocketError } from '@rocket/contracts'
import { findProgram, installHint } from './find-program.ts'
import { droppingChains, isChainOfIptables } from './forward-chains.ts'
import { type Probe, probe } from './probe.ts'
import { runProgram } from './run-program.ts'

/** Where the network stage looks for plugins, besides the configuration directory: rkt's place, Debian's and the CNI project's. */
export const cniDirectories: readonly string[] = ['/usr/lib/rkt/plugins/net', '/usr/lib/cni', '/opt/cni/bin']
const cniPlugins = ['bridge', 'ptp', 'host-local', 'portmap', 'loopback']
/** The first two are looked for when nobody names one; the others are shown where they are installed. */
const usualRuntimes = ['crun', 'runc']
const otherRuntimes = ['youki', 'runsc']

/** Programs of the distribution that flavors, networks and image formats call. */
export function probePrograms(): Probe[] {
  return [
    ...probeRuntimes(), probeCni(), probePacketFilter(), ...probeForwarding(),
    probeProgram('xz', 'images compressed with xz'),
    probeProgram('bzip2', 'images compressed with bzip2'),
  ]
}

/** The first line that a program says about its version; undefined when it is not there or does not answer. */
export function programVersion(name: string): string | undefined {
  const path = findProgram(name)
  if (path === undefined) return undefined
  try {
    const result = runProgram(path, ['--version'], { timeoutMs: 5000, maxOutputBytes: 65536 })
    return result.exitCode === 0 ? result.stdout.toString('utf8').split('\n')[0]?.trim() : undefined
  } catch (error) {
    if (isRocketError(error, 'PROGRAM_MISSING')) return undefined
    throw error
  }
}

function probeRuntimes(): Probe[] {
  const found = [...usualRuntimes, ...otherRuntimes].map((name) => [name, programVersion(name)] as const)
  const any = found.find(([, version]) => version !== undefined)
  const shown = found.filter(([name, version]) => version !== undefined || usualRuntimes.includes(name))
  const one = probe('an OCI runtime', 'required', any !== undefined, any?.[0] ?? 'none', installHint('crun'))
  return [one, ...shown.map(([name, version]) => probe(name, 'optional', version !== undefined, version ?? 'not installed', installHint(name)))]
}

function probeCni(): Probe {
  const directory = cniDirectories.find((path) => existsSync(path))
  const hint = 'apt-get install containernetworking-plugins'
  if (directory === undefined) return probe('CNI plugins', 'optional', false, `no ${cniDirectories.join(', no ')}`, hint)
  const missing = cniPlugins.filter((name) => !existsSync(`${directory}/${name}`))
  return probe('CNI plugins', 'optional', missing.length === 0, missing.length === 0 ? directory : `${directory} without ${missing.join(' ')}`, hint)
}

function probePacketFilter(): Probe {
  const found = ['nft', 'iptables'].filter((name) => findProgram(name) !== undefined)
  const words = found.length === 0 ? 'neither nft nor iptables' : found.join(', ')
  return probe('packet filter', 'optional', found.length > 0, words, 'apt-get install nftables: masquerading and published ports need it')
}

/** What only root can see, and only with nft. A pod's network needs no more than to be let out. */
function probeForwarding(): Probe[] {
  const listed = findProgram('nft') === undefined ? undefined : runProgram('nft', ['list', 'chains'], { timeoutMs: 5000 })
  if (listed?.exitCode !== 0) return []
  const chains = droppingChains(listed.stdout.toString('utf8'))
  const others = chains.filter((chain) => !isChainOfIptables(chain) || findProgram('iptables') === undefined)
  const words = chains.length === 0 ? 'nothing is dropped' : `${chains.join(', ')} drops what no rule accepts`
  const allowed = chains.length === 0 ? words : `${words}; networks of pods add theirs`
  const hint = `let the subnets of pods pass there, 172.16.28.0/24 for the default network, or use --net=host`
  return [probe('forwarding', 'optional', others.length === 0, others.length === 0 ? allowed : words, hint)]
}

function probeProgram(name: string, use: string): Probe {
  const path = findProgram(name)
  return probe(name, 'optional', path !== undefined, path ?? 'not installed', `${installHint(name)}: needed for ${use}`)
}
