import { FlagValueError, type FlagKind } from '../flag.ts'

/** `--memory`, as text in appc's syntax; less than a page cannot be meant, and is how `16m` (milli) is caught. */
export const memory: FlagKind<string> = {
  initial: '',
  shownDefault: '',
  add(_, text) {
    const bytes = parseQuantity(text)
    if (bytes < 4096n * nano) {
      throw new FlagValueError(`memory limit of ${ceil(bytes)} bytes too low. Try a reasonable value, such as --memory=16M`)
    }
    return text
  },
}

/** `--cpu`: cores, `500m` or `2`. */
export const cpu: FlagKind<string> = {
  initial: '',
  shownDefault: '',
  add(_, text) {
    if (parseQuantity(text) <= 0n) throw new FlagValueError(`cpu limit ${JSON.stringify(text)} must be greater than zero`)
    return text
  },
}

const nano = 1_000_000_000n
const decimal: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binary: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }

/** A quantity in billionths of its unit, rounded up: exact where a float would not be. appc specification, quantities. */
export function parseQuantity(text: string): bigint {
  const match = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text)
  if (match === null) {
    throw new FlagValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
  }
  const [, number = '', suffix = ''] = match
  const digits = /^([+-]?)([0-9]*)\.?([0-9]*)$/.exec(number)
  if (digits === null || (digits[2] === '' && digits[3] === '')) throw new FlagValueError("unable to parse numeric part of quantity")
  const [, sign = '', whole = '', fraction = ''] = digits
  const size = scale(BigInt(whole + fraction || '0'), fraction.length, suffix)
  return sign === '-' ? -size : size
}

function scale(digits: bigint, fractionDigits: number, suffix: string): bigint {
  const shift = binary[suffix]
  if (shift !== undefined) return divideUp((digits << shift) * nano, 10n ** BigInt(fractionDigits))
  const exponent = Object.hasOwn(decimal, suffix) ? decimal[suffix] : exponentOf(suffix)
  const power = (exponent ?? 0) + 9 - fractionDigits
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))
}

function exponentOf(suffix: string): number {
  const match = /^[eE]([-+]?[0-9]{1,3})$/.exec(suffix)
  if (match === null) throw new FlagValueError("unable to parse quantity's suffix")
  return Number(match[1])
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}

function ceil(nanos: bigint): bigint {
  return nanos <= 0n ? nanos / nano : divideUp(nanos, nano)
}
