import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeRootfs } from './images.ts'
import type { World } from './world.ts'

interface BundleConfig {
  root: { path: string; readonly?: boolean }
  mounts: { destination: string; source?: string; type?: string; options?: string[] }[]
  hooks?: unknown
  annotations?: Record<string, string>
  linux: { namespaces: { type: string; path?: string }[]; cgroupsPath?: string; [key: string]: unknown }
  [key: string]: unknown
}

/**
 * A bundle for runc alone, made from the one that our last pod had: same process, capabilities, system call filter, mounts and limits. The
 * namespaces are its own, the root is a plain directory, and what lay in the pod (its resolv.conf, its hosts) is left out.
 */
export function makeRuncBundle(world: World): string {
  const bundle = join(world.work, 'bundle')
  rmSync(bundle, { recursive: true, force: true })
  makeRootfs(join(bundle, 'rootfs'), world.busybox())
  const config = JSON.parse(readFileSync(findConfig(join(world.work, 'run/pods')), 'utf8')) as BundleConfig
  const { hooks: _hooks, annotations: _annotations, ...kept } = config
  const { cgroupsPath: _cgroupsPath, ...linux } = config.linux
  if (linux.seccomp === undefined) throw new Error('the bundle of our pod has no system call filter to compare with')
  const namespaces = ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type }))
  const mounts = config.mounts.filter(({ type, source }) => type !== 'bind' && !(source?.startsWith('/') === true && existsSync(source)))
  const alone = { ...kept, root: { path: 'rootfs', readonly: false }, mounts, linux: { ...linux, namespaces } }
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(alone))
  return bundle
}

function findConfig(pods: string): string {
  mkdirSync(pods, { recursive: true })
  const files = readdirSync(pods, { recursive: true, encoding: 'utf8' })
  const found = files.find((path) => /(^|\/)config\.json$/.test(path) && !path.includes('rootfs'))
  if (found === undefined) throw new Error(`no pod below ${pods} has a bundle`)
  return join(pods, found)
}
