import { RocketError } from '@rocket/contracts'

export interface EnvironmentEntry {
  name: string
  value: string
}

export interface EnvironmentSources {
  image: readonly EnvironmentEntry[]
  /** `--environment` of the app. */
  ofApp: readonly EnvironmentEntry[]
  /** `--set-env-file`, and over it `--set-env`. */
  set: readonly EnvironmentEntry[]
  /** Of the caller, with `--inherit-env`. */
  inherited: readonly EnvironmentEntry[]
}

/** What an app finds when nobody sets it; appc's PATH. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * What was stated, low to high: inherited (fills gaps only) < image < --environment < --set-env-file < --set-env. A name keeps the place
 * where it first appeared. Nothing is expanded, and the environment of this process is not looked at. Throws ENVIRONMENT_INVALID.
 */
export function mergeEnvironment(sources: EnvironmentSources, app: string): EnvironmentEntry[] {
  const merged = new Map<string, string>()
  for (const entries of [sources.image, sources.ofApp, sources.set]) {
    for (const { name, value } of entries) merged.set(name, value)
  }
  for (const { name, value } of sources.inherited) if (!merged.has(name)) merged.set(name, value)
  const entries = [...merged].map(([name, value]) => ({ name, value }))
  for (const entry of entries) check(entry, app)
  return entries
}

/** The complete environment: what was stated, the defaults for what nobody set, and the app's name, which nobody can set. */
export function completeEnvironment(
  stated: readonly EnvironmentEntry[], app: string, user: { name: string; home: string },
): EnvironmentEntry[] {
  const complete = new Map(stated.map(({ name, value }) => [name, value]))
  const defaults = { PATH: defaultPath, SHELL: '/bin/sh', USER: user.name, LOGNAME: user.name, HOME: user.home }
  for (const [name, value] of Object.entries(defaults)) if (!complete.has(name)) complete.set(name, value)
  complete.delete('AC_APP_NAME')
  complete.set('AC_APP_NAME', app)
  return [...complete].map(([name, value]) => ({ name, value }))
}

function check({ name, value }: EnvironmentEntry, app: string): void {
  const badName = name === '' || /[=\0\n]/.test(name)
  if (!badName && !value.includes('\0')) return
  throw new RocketError('ENVIRONMENT_INVALID', {
    what: `app ${app} cannot have the environment variable ${JSON.stringify(name)}`,
    why: badName ? 'a name is not empty, and holds neither =, NUL nor a line feed' : 'the value holds NUL',
  })
}
