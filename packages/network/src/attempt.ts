import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, type Attachment } from '@rocket/contracts'
import { writeFileAtomic, type StageContext } from '@rocket/host'
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
  const path = join(context.podDirectory, file)
  // The usual case, and an exception costs milliseconds.
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Attempt
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function forgetAttempt(context: StageContext): void {
  const path = join(context.podDirectory, file)
  if (existsSync(path)) rmSync(path, { force: true })
}

/** The link of an attachment of net.json: `config` is what `up` wrote there. */
export function linkOf(uuid: string, attachment: Attachment, cniPath: readonly string[]): Link {
  const config = attachment.config as Pick<Link, 'cniVersion' | 'plugins' | 'portMappings'>
  return {
    uuid, network: attachment.network, ifName: attachment.ifName, args: attachment.args,
    cniVersion: config.cniVersion, plugins: config.plugins, portMappings: config.portMappings, cniPath,
  }
}
