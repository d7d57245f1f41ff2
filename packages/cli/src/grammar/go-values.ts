import { FlagValueError } from './flag.ts'

/** rkt is a Go program and its users know Go's spellings; these three follow `strconv` and `time` of its standard library. */
export function parseGoBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  throw new FlagValueError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

export function parseGoInt(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) throw new FlagValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new FlagValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return value
}

/** `1h30m`, `-1.5s`, `0`: milliseconds, which may be a fraction. */
export function parseGoDuration(text: string): number {
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (body === '0') return 0
  const parts = [...body.matchAll(/([0-9]*\.?[0-9]*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy)]
  const consumed = parts.reduce((length, part) => length + part[0].length, 0)
  if (parts.length === 0 || consumed !== body.length || parts.some((part) => !/[0-9]/.test(part[1] ?? ''))) {
    throw new FlagValueError(`time: invalid duration ${JSON.stringify(text)}`)
  }
  const ms = parts.reduce((sum, part) => sum + Number(part[1]) * (unitMs[part[2] ?? ''] ?? Number.NaN), 0)
  return sign === '-' ? -ms : ms
}

const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The way Go prints a duration: `30m0s`, `1.5s`, `250ms`. Messages of `gc` quote it. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const size = Math.abs(ms)
  if (size < 1e-3) return `${sign}${Math.round(size * 1e6)}ns`
  if (size < 1) return `${sign}${trimmed(size * 1e3)}µs`
  if (size < 1000) return `${sign}${trimmed(size)}ms`
  const hours = Math.floor(size / 3_600_000)
  const minutes = Math.floor((size % 3_600_000) / 60_000)
  const seconds = `${trimmed((size % 60_000) / 1000)}s`
  return sign + (hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds)
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(6)))
}
