import { closeSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { boundingSet, kernelCapabilities } from './capabilities.ts'
import { detectCgroups } from './cgroup.ts'
import { linux } from './linux.ts'
import { native, nativeDirectory } from './native.ts'
import { type Probe, probe, probing } from './probe.ts'

/** Node, the native part, root, and what the kernel offers. */
export function probeKernel(): Probe[] {
  return [
    probeNode(), probeNative(), probeRoot(), probeRelease(), probeCgroups(), probeOverlay(), probeUserNamespaces(), probeSeccomp(), probeBounding(),
  ]
}

const oldestNode = 26

function probeNode(): Probe {
  const major = Number.parseInt(process.versions.node, 10)
  return probe('node', 'required', major >= oldestNode, process.version, `use the pinned Node ${oldestNode}: start rkt by its launcher`)
}

function probeNative(): Probe {
  return probing('native part', 'required', 'node tools/build/src/native.ts (needs a C compiler: apt-get install gcc libc6-dev)', () => {
    native().poll([], [], 0)
    return `${nativeDirectory()}/rocket.node`
  })
}

function probeRoot(): Probe {
  const uid = process.geteuid?.() ?? -1
  return probe('root', 'required', uid === 0, `effective user ${uid}`, 'run rkt as root: pods need mounts and namespaces')
}

/** What is asked of the kernel, by the call that came last: close_range, 5.9. Debian 11 has 5.10. */
function probeRelease(): Probe {
  const [major = 0, minor = 0] = release().split('.').map((part) => Number.parseInt(part, 10))
  return probe('kernel', 'required', major > 5 || (major === 5 && minor >= 10), `Linux ${release()}`, 'Linux 5.10 or later is needed')
}

function probeCgroups(): Probe {
  const { version, unified, unifiedControllers, controllers } = detectCgroups()
  const v1 = Object.keys(controllers)
  const parts = [
    ...(unified === undefined ? [] : [`v2 at ${unified}: ${unifiedControllers.join(' ') || 'no controllers'}`]),
    ...(v1.length === 0 ? [] : [`v1: ${v1.join(' ')}`]),
  ]
  const hint = 'mount one: mount -t cgroup2 none /sys/fs/cgroup'
  return probe('cgroups', 'required', version !== 'none', [version, ...parts].join('; '), hint)
}

/** Opening a context loads the module where there is one, and mounts nothing. */
function probeOverlay(): Probe {
  return probing('overlay', 'optional', 'load the module (modprobe overlay), or run with --no-overlay, which copies images', () => {
    if (process.geteuid?.() === 0) closeSync(native().fsopen('overlay'))
    else if (!/\toverlay$/m.test(readFileSync('/proc/filesystems', 'latin1'))) throw new Error('not loaded; without root it cannot be tried')
    return 'available'
  })
}

/** Tried, as several settings can forbid it; pod-init without an argument ends at once. */
function probeUserNamespaces(): Probe {
  return probing('user namespaces', 'optional', 'sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone', () => {
    const pid = native().spawn(`${nativeDirectory()}/pod-init`, ['pod-init'], [], { fds: [], cloneFlags: linux.CLONE_NEWUSER })
    native().waitPid(pid, true)
    return `available, at most ${readFileSync('/proc/sys/user/max_user_namespaces', 'latin1').trim()}`
  })
}

export function probeSeccomp(): Probe {
  return probing('seccomp', 'optional', 'a kernel with CONFIG_SECCOMP_FILTER; without it apps run unfiltered', () => {
    return `actions: ${readFileSync('/proc/sys/kernel/seccomp/actions_avail', 'latin1').trim()}`
  })
}

function probeBounding(): Probe {
  const have = new Set(boundingSet())
  const missing = kernelCapabilities().filter((name) => !have.has(name))
  const hint = 'apps that state a need of these are refused; run rkt where they are not taken away'
  return probe('capabilities', 'optional', missing.length === 0, missing.length === 0 ? 'all' : `all but ${missing.join(' ')}`, hint)
}
