import { isRocketError, RocketError } from '@rocket/contracts'
import { bootId, findProgram, isAlive, type StageContext } from '@rocket/host'
import { forgetAttempt, linkOf, readAttempt } from './attempt.ts'
import { removeRules } from './firewall.ts'
import { removeIptablesMasquerade } from './iptables.ts'
import { releaseLeases } from './leases.ts'
import { removeNetConfigs } from './net-views.ts'
import { pluginDirectories } from './plugin-path.ts'
import { deleteLink, type Link } from './run-plugin.ts'
import { runTogether, type Job } from './run-together.ts'
import { waitForStragglers } from './stragglers.ts'

/** What may be there to undo. Printed by a dry run. */
export interface Remains {
  uuid: string
  /** An `up` ended or died here: something is known of what it did. */
  recorded: boolean
  /** `up` did not finish: plugins may still run, and leases be held that nobody noted. */
  unfinished: boolean
  /** Of the pod, while its first process lives. Afterwards the plugins are called without one. */
  netns?: string
  cniPath: string[]
  links: { link: Link; result?: unknown }[]
  /** Whether our table may hold something of this pod. */
  firewall: boolean
}

/** From net.json, else from the note of an `up` that did not finish; else nothing is known and everything is searched by UUID. */
export function findRemains(context: StageContext): Remains {
  const { uuid } = context
  const net = readable(context, () => context.files.find('Net'))
  const netns = readable(context, () => findNetns(context))
  const attempt = readAttempt(context)
  const common = { uuid, ...(netns === undefined ? {} : { netns }) }
  if (net !== undefined && attempt === undefined) {
    const links = net.attachments.map((attachment) => ({ link: linkOf(uuid, attachment, net.cniPath), result: attachment.result }))
    return { ...common, recorded: true, unfinished: false, cniPath: net.cniPath, links, firewall: net.ports.length > 0 }
  }
  const cniPath = attempt?.cniPath ?? pluginDirectories('/etc/rkt')
  const links = (attempt?.links ?? []).map((link) => ({ link }))
  return { ...common, recorded: attempt !== undefined, unfinished: true, cniPath, links, firewall: true }
}

export function applyDown(remains: Remains, context: StageContext): void {
  undo(remains, context)
}

/**
 * Undoes `up`: plugins are told DEL, all networks beside each other, and our rules of this pod go. Everything is tried whatever fails; each
 * failure is told, and the first is thrown at the end, so that the pod stays and `gc` comes back. Repeatable.
 */
export function undo(remains: Remains, context: StageContext): void {
  if (remains.unfinished) waitForStragglers(remains.uuid)
  const jobs: Job<void>[] = remains.links.map(({ link, result }) => deleteLink(link, remains.netns, result))
  if (remains.firewall && findProgram('nft') !== undefined) jobs.push(removeRules(remains.uuid))
  if (remains.netns === undefined && remains.links.some(({ link }) => link.plugins.some((plugin) => plugin.ipMasq === true))) {
    jobs.push(removeIptablesMasquerade(remains.uuid, remains.links.map(({ link }) => link.network)))
  }
  const failures = failuresOf(jobs)
  if (remains.unfinished) failures.push(...failuresOf(releaseLeases(remains)))
  finish(failures, context)
}

function failuresOf(jobs: readonly Job<void>[]): unknown[] {
  return runTogether(jobs).filter((outcome) => outcome.error !== undefined).map((outcome) => outcome.error)
}

function finish(failures: readonly unknown[], context: StageContext): void {
  for (const failure of failures) if (!isRocketError(failure)) throw failure
  if (failures.length === 0) {
    forgetAttempt(context)
    removeNetConfigs(context.podDirectory)
    return
  }
  const all = failures as RocketError[]
  for (const failure of all) context.warn(failure.message)
  throw new RocketError('NETWORK_NOT_UNDONE', {
    what: `the network of pod ${context.uuid} was not undone completely`, why: all.map((failure) => failure.message).join('; '),
    hint: all.find((failure) => failure.hint !== undefined)?.hint ?? '`rkt gc` tries again', cause: all[0],
  })
}

function findNetns(context: StageContext): string | undefined {
  const sandbox = context.files.find('Sandbox')
  const netns = sandbox?.namespaces.network
  if (sandbox === undefined || netns === undefined || sandbox.bootId !== bootId()) return undefined
  return isAlive(sandbox.holder.pid, sandbox.holder.startTime) ? netns : undefined
}

/** A document that is damaged must not keep the network from being undone: the UUID says enough. */
function readable<T>(context: StageContext, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isRocketError(error)) throw error
    context.warn(error.message)
    return undefined
  }
}
