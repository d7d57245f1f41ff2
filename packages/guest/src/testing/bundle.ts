import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guestLayout, type GuestApp, type GuestPod, type OciProcess } from '@rocket/contracts'

export const uuid = '8f3c1c52-6d0e-4f3a-9b1d-0c6f2a7e5d41'

export interface TestApp {
  name: string
  /** For `sh -c`. */
  script: string
  process?: Partial<OciProcess>
  resources?: Record<string, unknown>
  preStart?: string
  postStop?: string
  spec?: Partial<GuestApp>
}

/** Puts a pod of small apps into a directory, as stage1 would put one: documents, bundles, roots. */
export function writePod(share: string, busybox: string, apps: readonly TestApp[], rest: Partial<GuestPod> = {}): GuestPod {
  const pod: GuestPod = {
    version: 1, uuid, hostname: 'guest-test', exitPolicy: 'apps', network: { interfaces: [] },
    apps: apps.map((app, index) => writeApp(share, busybox, app, index)), ...rest,
  }
  writeFileSync(join(share, guestLayout.pod), JSON.stringify(pod))
  return pod
}

/** `index` gives the ports their names. */
export function writeApp(share: string, busybox: string, app: TestApp, index: number): GuestApp {
  const bundle = `apps/${app.name}`
  const root = join(share, bundle, 'rootfs')
  for (const directory of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc']) mkdirSync(join(root, directory), { recursive: true })
  copyFileSync(busybox, join(root, 'bin/busybox'))
  for (const applet of ['sh', 'cat', 'echo', 'id', 'hostname', 'sleep', 'stty', 'tty', 'dd', 'ps', 'kill', 'uname', 'ip', 'tr', 'sync', 'true', 'grep', 'nslookup']) symlinkSync('busybox', join(root, 'bin', applet))
  writeBundle(join(share, bundle), app, app.script)
  const handlers: GuestApp['handlers'] = {}
  for (const [key, script] of [['preStart', app.preStart], ['postStop', app.postStop]] as const) {
    if (script === undefined) continue
    handlers[key] = `${bundle}/${key}`
    mkdirSync(join(share, bundle, key))
    writeBundle(join(share, bundle, key), app, script, '../rootfs')
  }
  return {
    app: app.name, instance: 1, bundle, handlers, stopSignal: 15, stopTimeoutMs: 3000,
    streams: { stdout: guestLayout.appPort(index, 'out'), stderr: guestLayout.appPort(index, 'err') }, ...app.spec,
  }
}

export function ociProcess(script: string, rest: Partial<OciProcess> = {}): OciProcess {
  const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID']
  return {
    user: { uid: 0, gid: 0 }, args: ['/bin/sh', '-c', script], env: ['PATH=/bin', 'TERM=linux'], cwd: '/', noNewPrivileges: true,
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities }, ...rest,
  }
}

function writeBundle(directory: string, app: TestApp, script: string, root = 'rootfs'): void {
  const { pid, ipc } = guestLayout.namespaces
  writeFileSync(join(directory, 'config.json'), JSON.stringify({
    ociVersion: '1.0.2', process: ociProcess(script, app.process), root: { path: root },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'noexec', 'nodev'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666', 'mode=0620'] },
      { destination: '/dev/shm', type: 'bind', source: guestLayout.sharedMemory, options: ['bind', 'nosuid', 'nodev'] },
    ],
    linux: {
      namespaces: [{ type: 'pid', path: pid }, { type: 'ipc', path: ipc }, { type: 'mount' }, { type: 'cgroup' }],
      cgroupsPath: `/rkt-${app.name}`, resources: app.resources ?? {},
    },
  }))
}
