import { RocketError, type App, type Start } from '@rocket/contracts'
import type { Machine } from './machine.ts'

export interface Capabilities {
  /** The bounding set of the app. */
  granted: string[]
  /** Wanted by default and not to be had here. */
  lost: string[]
}

/**
 * What the app may have, cut to what we have: a runtime fails on more. Throws CAPABILITY_UNAVAILABLE when something explicitly retained
 * would be lost. `--insecure-options=capabilities` gives everything there is.
 */
export function planCapabilities(app: App, start: Start, machine: Machine): Capabilities {
  if (start.insecure.capabilities) return { granted: [...machine.capabilities], lost: [] }
  const { capabilities, capabilitiesStated } = app.isolators
  const absent = capabilitiesStated.filter((name) => capabilities.includes(name) && !machine.capabilities.includes(name))
  if (absent.length > 0) {
    throw new RocketError('CAPABILITY_UNAVAILABLE', {
      what: `app ${app.app} retains ${absent.join(', ')}`, why: 'Rocket itself runs without',
      hint: 'run rkt with these capabilities in its bounding set (see CapBnd in /proc/self/status), or do not retain them',
    })
  }
  return {
    granted: capabilities.filter((name) => machine.capabilities.includes(name)),
    lost: capabilities.filter((name) => !machine.capabilities.includes(name)),
  }
}
