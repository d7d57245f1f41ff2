import { sha512Hex, startProgram, findProgram } from '@rocket/host'
import { RocketError } from '@rocket/contracts'
import type { Job } from './run-together.ts'
import { environmentOfPod } from './stragglers.ts'

/**
 * Takes away the masquerade rules that plugins wrote for this pod, where the plugins do so themselves (a machine without nft, or a plugin
 * we do not take that work from). Their own DEL only does it while the pod's namespace lives. Repeatable; nothing happens without iptables.
 */
export function* removeIptablesMasquerade(uuid: string, networks: readonly string[]): Job<void> {
  if (findProgram('iptables-save') === undefined) return
  const saved = yield startProgram('iptables-save', ['-t', 'nat'], { env: environmentOfPod(uuid) })
  if (saved.exitCode !== 0) throw failed('iptables-save', saved.stderr)
  const input = masqueradeRemoval(saved.stdout.toString('utf8'), networks.map((network) => masqueradeChain(network, uuid)))
  if (input === '') return
  const restored = yield startProgram('iptables-restore', ['--noflush', '--wait', '5'], { env: environmentOfPod(uuid), input })
  if (restored.exitCode !== 0) throw failed('iptables-restore', restored.stderr)
}

/** The chain of ptp and bridge for one container in one network. Source: containernetworking/plugins pkg/utils/utils.go. */
export function masqueradeChain(network: string, uuid: string): string {
  return `CNI-${sha512Hex(network + uuid).slice(0, 24)}`
}

/** What iptables-restore has to read, of what iptables-save printed; empty when none of the chains is there. */
export function masqueradeRemoval(saved: string, chains: readonly string[]): string {
  const lines = saved.split('\n')
  const present = chains.filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)))
  if (present.length === 0) return ''
  const jumps = lines.filter((line) => line.startsWith('-A POSTROUTING ') && present.some((chain) => line.endsWith(` -j ${chain}`)))
  const removal = [...jumps.map((line) => line.replace(/^-A/, '-D')), ...present.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`])]
  return ['*nat', ...removal, 'COMMIT', ''].join('\n')
}

function failed(program: string, stderr: Buffer): RocketError {
  return new RocketError('FIREWALL_FAILED', { what: `${program} failed`, why: stderr.toString('utf8').trim().split('\n')[0] ?? '' })
}
