import { isIpv4 } from './port.ts'

/** An IPv4 or IPv6 address without zone. `node:net` would tell as well, but loading it costs a tenth of a start. */
export function isIP(text: string): boolean {
  return isIpv4(text) || isIpv6(text)
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2 || !/^[0-9a-fA-F:.]+$/.test(text)) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const plain = isIpv4(last) ? [...groups.slice(0, -1), '0', '0'] : groups
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? plain.length < 8 : plain.length === 8
}
