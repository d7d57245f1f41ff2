import { guestLayout } from '@rocket/contracts/guest'

const crun = '/bin/crun'
const state = '/run/crun'

/** What crun wrote of its failures goes here, apart from what an app writes. */
export const logOf = (container: string): string => `/run/rocket/${container}.log`
export const pidFileOf = (container: string): string => `/run/rocket/${container}.pid`
export const processFileOf = (container: string): string => `/run/rocket/${container}.json`

/** Detached, the app becomes a child of the first process, which learns exactly how it ended; with a terminal crun stays between. */
export function runVector(container: string, bundle: string, terminal: boolean): string[] {
  return [...base(container), 'run', ...(terminal ? [] : ['--detach']), `--pid-file=${pidFileOf(container)}`, ...bundleOf(bundle), container]
}

/** A handler: in the foreground, to its end. */
export function handlerVector(container: string, bundle: string): string[] {
  return [...base(container), 'run', ...bundleOf(bundle), container]
}

export function execVector(session: string, container: string, terminal: boolean): string[] {
  return [
    ...base(session), 'exec', ...(terminal ? ['--tty'] : ['--detach']), `--pid-file=${pidFileOf(session)}`, `--process=${processFileOf(session)}`, container,
  ]
}

export function deleteVector(container: string): string[] {
  return [...base(container), 'delete', '--force', container]
}

function base(container: string): string[] {
  return [crun, `--root=${state}`, `--log=file:${logOf(container)}`, '--cgroup-manager=cgroupfs']
}

function bundleOf(bundle: string): string[] {
  return [`--bundle=${guestLayout.mountPoint}/${bundle}`]
}
