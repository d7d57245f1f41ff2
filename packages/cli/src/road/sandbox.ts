import { mkdirSync } from 'node:fs'
import { outsideNames, type FlavorDeclaration, type Namespace, type Sandbox, type Start } from '@rocket/contracts'
import { bootId, enterPrivateMountNamespace, HandoffFiles, startHolder, startTime, type NamespaceKind } from '@rocket/host'
import type { Road } from './run-verb.ts'

const kinds: Readonly<Record<Namespace, NamespaceKind>> = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts' }

/**
 * Makes what the flavor asks for around the pod's first process and writes `sandbox.json`. From here on this thread is in the pod's
 * mount namespace. When we end, in whatever way, the first process dies, and the kernel ends everything in its pid namespace.
 */
export function makeSandbox(road: Road, flavor: FlavorDeclaration, start: Start): Sandbox {
  mkdirSync(outsideNames.runDirectory(road.uuid), { recursive: true, mode: 0o700 })
  enterPrivateMountNamespace()
  const wanted = wantedNamespaces(flavor, start)
  const holder = startHolder({
    namespaces: wanted.map((namespace) => kinds[namespace]), lockFd: road.lockFd, label: road.uuid,
    ...(wanted.includes('uts') ? { hostname: start.hostname } : {}),
  })
  const path = (kind: NamespaceKind): string => `/proc/${holder.pid}/ns/${kind}`
  const sandbox: Sandbox = {
    version: 1, uuid: road.uuid, madeAt: new Date().toISOString(), bootId: bootId(),
    driver: { pid: process.pid, startTime: startTime(process.pid) ?? 0 },
    holder: { pid: holder.pid, startTime: holder.startTime },
    namespaces: { mount: path('mnt'), ...Object.fromEntries(wanted.map((namespace) => [namespace, path(kinds[namespace])])) },
  }
  new HandoffFiles(road.podDirectory, { known: road.known }).write('Sandbox', sandbox)
  return sandbox
}

/** What the start shares with the host is not made. */
function wantedNamespaces(flavor: FlavorDeclaration, start: Start): Namespace[] {
  return flavor.namespaces.filter((namespace) =>
    !(namespace === 'network' && start.network.mode === 'host') && !(namespace === 'ipc' && start.ipc === 'parent'))
}
