import { readlinkSync } from 'node:fs'
import { RocketError, type Sandbox } from '@rocket/contracts'

/** What we mount must go with the pod. Throws MOUNT_NAMESPACE_WRONG where it would stay on the host. */
export function requirePodMountNamespace(sandbox: Sandbox): void {
  const ours = readlinkSync('/proc/thread-self/ns/mnt')
  const pods = readlinkSync(sandbox.namespaces.mount)
  if (ours === pods) return
  throw new RocketError('MOUNT_NAMESPACE_WRONG', {
    what: `stage1 was run in the mount namespace ${ours}`, why: `that of the pod is ${pods}`,
    hint: `nsenter --mount=${sandbox.namespaces.mount} puts a program there`,
  })
}
