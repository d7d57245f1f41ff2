import type { App } from '@rocket/contracts'

/** What `native/fly-exec.c` reads: strings, each ended by NUL. `root` is absolute; `cgroups` are directories. */
export interface FlySpec {
  root: string
  workingDirectory: string
  uid: number
  gid: number
  groups: number[]
  cgroups: string[]
  argv: string[]
  environment: string[]
}

/** As rkt's fly: the supplementary groups begin with the primary one. */
export function planSpec(app: App, root: string, cgroups: string[]): FlySpec {
  return {
    root, cgroups, workingDirectory: app.workingDirectory, uid: app.user.uid, gid: app.user.gid,
    groups: [...new Set([app.user.gid, ...app.user.supplementaryGids])], argv: app.exec,
    environment: app.environment.map(({ name, value }) => `${name}=${value}`),
  }
}

/** Throws when a string holds a NUL: it would be two. */
export function formatSpec(spec: FlySpec): string {
  const list = (items: readonly (string | number)[]): (string | number)[] => [items.length, ...items]
  const strings = [
    'fly-exec 1', spec.root, spec.workingDirectory, spec.uid, spec.gid, ...list(spec.groups), ...list(spec.cgroups), ...list(spec.argv),
    ...list(spec.environment),
  ].map(String)
  if (strings.some((text) => text.includes('\0'))) throw new Error('a NUL byte in the spec of an app')
  return strings.map((text) => `${text}\0`).join('')
}
