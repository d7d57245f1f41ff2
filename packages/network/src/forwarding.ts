import { RocketError } from '@rocket/contracts'
import { findProgram, startProgram } from '@rocket/host'
import type { Family } from './rules.ts'
import type { Job } from './run-together.ts'
import { environmentOfPod } from './stragglers.ts'

const programs = { ip: 'iptables', ip6: 'ip6tables' } as const

/** The chain in which iptables decides what is forwarded, as it lists it; empty without iptables. 1 ms beside the work of the plugins. */
export function* readForwarding(uuid: string, family: Family): Job<string> {
  const program = programs[family]
  if (findProgram(program) === undefined) return ''
  const listed = yield startProgram(program, ['-S', 'FORWARD'], { env: environmentOfPod(uuid) })
  return listed.exitCode === 0 ? listed.stdout.toString('utf8') : ''
}

/**
 * Where that chain drops what no rule accepts, as it does with Docker: lets pass what these subnets send, and the answers and published
 * ports to them. No table of our own can: what one table drops is gone. So the rules stand at the end of the chain, in place of its
 * policy, and what a rule before them refuses stays refused. Per subnet and repeatable; they stay like the masqueraded subnets. Throws
 * FIREWALL_FAILED.
 */
export function* allowForwarding(uuid: string, family: Family, subnets: readonly string[], listed: string): Job<void> {
  const rules = missingRules(listed, subnets)
  if (rules.length === 0) return
  const program = programs[family]
  const input = ['*filter', ...rules, 'COMMIT', ''].join('\n')
  const restored = yield startProgram(`${program}-restore`, ['--noflush', '--wait', '5'], { env: environmentOfPod(uuid), input })
  if (restored.exitCode === 0) return
  throw new RocketError('FIREWALL_FAILED', {
    what: `the host drops what it forwards from and to ${subnets.join(', ')}`, why: restored.stderr.toString('utf8').trim().split('\n')[0] ?? '',
    hint: `let these subnets pass in the FORWARD chain of ${program}`,
  })
}

/** The rules of these subnets that the chain lacks, told by their comments; none where its policy accepts. */
export function missingRules(listed: string, subnets: readonly string[]): string[] {
  if (!listed.startsWith('-P FORWARD DROP')) return []
  const rules = subnets.flatMap((subnet) => [
    { mark: `"rkt: from ${subnet}"`, matches: `-s ${subnet}` },
    { mark: `"rkt: to ${subnet}"`, matches: `-d ${subnet} -m conntrack --ctstate RELATED,ESTABLISHED,DNAT` },
  ])
  return rules.filter(({ mark }) => !listed.includes(mark)).map(({ mark, matches }) => `-A FORWARD ${matches} -m comment --comment ${mark} -j ACCEPT`)
}
