import type { App, Start } from '@rocket/contracts'
import { planCapabilities } from '../plan-capabilities.ts'
import type { Machine } from '../machine.ts'
import { terminalType } from '../terminal-type.ts'
import type { RuntimeConfig } from './runtime-config.ts'

/**
 * Nothing is inherited over an execve but the bounding set: root regains it from there, every other user has no capability unless a
 * program's file gives it one. Resource limits stay as they are.
 */
export function planProcess(app: App, start: Start, machine: Machine): RuntimeConfig['process'] {
  const bounding = planCapabilities(app, start, machine).granted
  const effective = app.user.uid === 0 ? bounding : []
  const oomScoreAdj = planOomScoreAdj(app, machine)
  const terminal = wantsTerminal(app, start)
  return {
    terminal,
    user: { uid: app.user.uid, gid: app.user.gid, additionalGids: app.user.supplementaryGids },
    args: app.exec,
    env: [...app.environment.map(({ name, value }) => `${name}=${value}`), ...(terminal ? terminalType(app) : [])],
    cwd: app.workingDirectory,
    capabilities: { bounding, effective, permitted: effective, inheritable: [], ambient: [] },
    noNewPrivileges: app.isolators.noNewPrivileges,
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  }
}

export function wantsTerminal(app: App, start: Start): boolean {
  return start.streams[app.app]?.stdin === 'tty' || start.streams[app.app]?.stdout === 'tty'
}

/** Without CAP_SYS_RESOURCE a score below our own is refused by the kernel: the app gets the lowest there is, and a note says so. */
export function planOomScoreAdj(app: App, machine: Machine): number | undefined {
  const wanted = app.isolators.oomScoreAdj
  return wanted === undefined ? undefined : Math.max(wanted, machine.leastOomScoreAdj)
}
