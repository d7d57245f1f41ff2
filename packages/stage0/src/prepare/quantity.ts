/** Thrown for text that is no quantity; the caller knows which isolator it stands in. */
export class QuantityError extends Error {}

const nano = 1_000_000_000n
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }

/**
 * A quantity in billionths of its unit, exact where a float would not be; what is smaller still is rounded away from zero. Spec: appc,
 * the quantities of Kubernetes; `K` is no suffix, `m` is milli.
 */
export function parseQuantity(quantity: string | number): bigint {
  const text = String(quantity)
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match ?? []
  if (match === null || whole + fraction === '') throw new QuantityError(`${JSON.stringify(text)} is not a quantity`)
  const size = scale(BigInt(whole + fraction), fraction.length, suffix)
  if (size === undefined) throw new QuantityError(`${JSON.stringify(text)} has an unknown suffix`)
  return sign === '-' ? -size : size
}

/** The whole number of `1/perUnit` units, rounded up: 1 for bytes, 1000 for thousandths of a core. Kept within what a double holds exactly. */
export function roundUp(nanos: bigint, perUnit: number): number {
  const units = divideUp(nanos * BigInt(perUnit), nano)
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(units)
}

function scale(digits: bigint, fractionDigits: number, suffix: string): bigint | undefined {
  const shift = Object.hasOwn(binary, suffix) ? binary[suffix] : undefined
  if (shift !== undefined) return divideUp((digits << shift) * nano, 10n ** BigInt(fractionDigits))
  const exponent = Object.hasOwn(decimal, suffix) ? decimal[suffix] : exponentOf(suffix)
  if (exponent === undefined) return undefined
  const power = exponent + 9 - fractionDigits
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))
}

/** Three digits are more than any quantity needs, and keep the powers small enough to compute. */
function exponentOf(suffix: string): number | undefined {
  const match = /^[eE]([-+]?[0-9]{1,3})$/.exec(suffix)
  return match === null ? undefined : Number(match[1])
}

function divideUp(value: bigint, by: bigint): bigint {
  return value >= 0n ? (value + by - 1n) / by : value / by
}
