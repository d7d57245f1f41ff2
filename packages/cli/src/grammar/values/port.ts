import type { PortRequest } from '@rocket/contracts'
import { FlagValueError, type FlagKind } from '../flag.ts'
import { checkAcName } from './names.ts'

/** `--port`, repeatable. */
export const ports: FlagKind<readonly PortRequest[]> = {
  initial: [],
  shownDefault: '',
  add: (soFar, text) => [...soFar, parsePort(text)],
}

/** `NAME:[HOSTIP:]HOSTPORT`; the name is a port of some app's image. */
export function parsePort(text: string): PortRequest {
  const parts = text.split(':')
  if (parts.length !== 2 && parts.length !== 3) throw new FlagValueError(`${JSON.stringify(text)} is not in name:[ip:]port format`)
  const [name = '', hostIp] = parts
  const portText = parts.at(-1) ?? ''
  checkName(name)
  if (parts.length === 3 && !isIpv4(hostIp ?? '')) throw new FlagValueError(`${JSON.stringify(hostIp)} is not a valid IP`)
  const hostPort = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : 0
  if (hostPort < 1 || hostPort > 65535) throw new FlagValueError(`${JSON.stringify(portText)} is not a valid port number`)
  return { name, ...(parts.length === 3 && hostIp !== undefined ? { hostIp } : {}), hostPort }
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
}

function checkName(name: string): void {
  try {
    checkAcName(name)
  } catch {
    throw new FlagValueError(`${JSON.stringify(name)} is not a valid port name`)
  }
}
