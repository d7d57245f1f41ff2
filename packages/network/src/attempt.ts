import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Attachment } from '@rocket/contracts'
import { isThere, readIfThere, writeFileAtomic, type StageContext } from '@rocket/host'
import type { UpPlan } from './plan-up.ts'
import type { Link } from './run-plugin.ts'

/** Written before the first plugin runs and removed when net.json is there: what `down` has to undo if we die in between. */
const file = 'net-attempt.json'

export interface Attempt {
  cniPath: string[]
  links: Link[]
}

export function recordAttempt(context: StageContext, plan: UpPlan): void {
  const attempt: Attempt = {
    cniPath: plan.cniPath,
    links: plan.networks.map(({ file: _file, masquerade: _masquerade, ...link }) => link),
  }
  writeFileAtomic(join(context.podDirectory, file), `${JSON.stringify(attempt)}\n`, { mode: 0o640 })
}

export function readAttempt(context: StageContext): Attempt | undefined {
  const text = readIfThere(join(context.podDirectory, file))?.toString('utf8')
  try {
    return text === undefined ? undefined : JSON.parse(text) as Attempt
  } catch {
    // Cut short by the end of the machine, and with it went what it tells of.
    return undefined
  }
}

export function forgetAttempt(context: StageContext): void {
  const path = join(context.podDirectory, file)
  if (isThere(path)) rmSync(path, { force: true })
}

/** The link of an attachment of net.json: `config` is what `up` wrote there. */
export function linkOf(uuid: string, attachment: Attachment, cniPath: readonly string[]): Link {
  const config = attachment.config as Pick<Link, 'cniVersion' | 'plugins' | 'portMappings'>
  return {
    uuid, network: attachment.network, ifName: attachment.ifName, args: attachment.args,
    cniVersion: config.cniVersion, plugins: config.plugins, portMappings: config.portMappings, cniPath,
  }
}
