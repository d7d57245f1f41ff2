import { readdirSync, readFileSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import type { Remains } from './down.ts'
import { deleteLink } from './run-plugin.ts'
import type { Job } from './run-together.ts'

/** Where host-local keeps a file per address, its first line the container's ID, unless told otherwise. */
const leaseDirectory = '/var/lib/cni/networks'

/**
 * Jobs that release addresses which host-local holds for this pod though nothing says in which network: the pod's directory was lost or
 * never had a note. host-local is asked to do it, under its own lock; it wants a subnet but does not look at it.
 */
export function releaseLeases(remains: Remains): Job<void>[] {
  return list(leaseDirectory).filter((network) => holdsLease(network, remains.uuid)).map((network) => deleteLink({
    uuid: remains.uuid, network, cniVersion: '0.4.0', ifName: 'eth0', cniPath: remains.cniPath,
    plugins: [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }],
  }, undefined, undefined))
}

function holdsLease(network: string, uuid: string): boolean {
  const directory = `${leaseDirectory}/${network}`
  return list(directory).some((name) => /^[0-9a-fA-F.:]+$/.test(name) && firstLine(`${directory}/${name}`) === uuid)
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[0] ?? ''
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EISDIR')) return ''
    throw error
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
