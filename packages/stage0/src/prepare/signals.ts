import { signalNumber } from '@rocket/host'

/** As the C library counts them: it keeps the first two for itself. */
const firstRealTime = 34
const lastRealTime = 64

/** `SIGTERM`, `15`, and for real-time signals `SIGRTMIN+3` or `SIGRTMAX-1`; undefined for what no signal is called. */
export function findSignalNumber(name: string): number | undefined {
  const [, edge, sign, offset] = /^(?:SIG)?RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? []
  if (edge === undefined) return signalNumber(name)
  if (sign !== undefined && sign !== (edge === 'MIN' ? '+' : '-')) return undefined
  const number = edge === 'MIN' ? firstRealTime + Number(offset ?? 0) : lastRealTime - Number(offset ?? 0)
  return number >= firstRealTime && number <= lastRealTime ? number : undefined
}
