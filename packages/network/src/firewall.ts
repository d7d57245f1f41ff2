import { RocketError } from '@rocket/contracts'
import { startProgram, type ProgramResult, type RunningProgram } from '@rocket/host'
import { asOverlapping, parseTable, removalRules, skeleton, table, type Family, type TableContent } from './rules.ts'
import type { Job } from './run-together.ts'
import { environmentOfPod } from './stragglers.ts'

const nftTimeoutMs = 20_000

/**
 * Runs one transaction on our table. The table is made when it is not there or not whole (first pod since boot, or somebody flushed the
 * ruleset): trying first is 10 ms cheaper than asking. Throws PORT_IN_USE when an element belongs to another pod, else FIREWALL_FAILED.
 */
export function* applyRules(uuid: string, family: Family, rules: string): Job<void> {
  if (rules === '') return
  let ended = yield startNft(uuid, ['-f', '-'], rules)
  if (ended.exitCode !== 0 && words(ended).includes('No such file or directory')) {
    ended = yield startNft(uuid, ['-f', '-'], skeleton(family) + rules)
  }
  if (ended.exitCode !== 0 && words(ended).includes('interval overlaps')) {
    ended = yield startNft(uuid, ['-f', '-'], asOverlapping(rules))
  }
  if (ended.exitCode === 0) return
  if (words(ended).includes('File exists')) {
    throw new RocketError('PORT_IN_USE', {
      what: 'a port was not published', why: `another pod published it at the same moment: ${words(ended).split('\n')[0]}`,
      hint: 'choose another host port; `nft list table ip rkt` shows which pod has which',
    })
  }
  throw firewallFailed(ended)
}

/** Takes everything of a pod out of our table. Looks again when something went at the same moment. */
export function* removeRules(uuid: string): Job<void> {
  for (let tries = 0; ; tries++) {
    const rules = removalRules(yield* readTable(uuid), [uuid])
    if (rules === '') return
    const ended = yield startNft(uuid, ['-f', '-'], rules)
    if (ended.exitCode === 0) return
    if (tries === 3 || !words(ended).includes('No such file or directory')) throw firewallFailed(ended)
  }
}

/** What is in our table; nothing when there is no table, or no nf_tables in the kernel. */
export function* readTable(uuid: string): Job<TableContent> {
  const ended = yield startNft(uuid, ['-j', 'list', 'table', 'ip', table], '')
  if (ended.exitCode === 0) return parseTable(ended.stdout.toString('utf8'))
  if (/No such file or directory|not supported/.test(words(ended))) return { elements: [], pods: [] }
  throw firewallFailed(ended)
}

function startNft(uuid: string, args: readonly string[], input: string): RunningProgram {
  return startProgram('nft', args, { env: { ...environmentOfPod(uuid), LC_ALL: 'C' }, input, timeoutMs: nftTimeoutMs })
}

function firewallFailed(ended: ProgramResult): RocketError {
  return new RocketError('FIREWALL_FAILED', {
    what: `nft ${ended.args.join(' ')} failed`,
    why: ended.timedOut ? `it did not finish within ${nftTimeoutMs / 1000} s` : words(ended).split('\n').slice(0, 3).join('; '),
    hint: 'published ports and masquerading need nf_tables in the kernel; --net=none, --net=host and --net=default-restricted do without',
  })
}

function words(ended: ProgramResult): string {
  return ended.stderr.toString('utf8').trim()
}
