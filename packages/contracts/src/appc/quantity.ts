/** An amount of a resource, exactly: `nano` billionths of the unit. */
export interface Quantity {
  nano: bigint
  /** The family of the suffix it was written with, which it is written with again. */
  family: 'decimal' | 'binary' | 'exponent'
}

const nanos = 1_000_000_000n
const decimal: Record<string, bigint> = {
  'n': 1n,
  'u': 1000n,
  'm': 1_000_000n,
  '': nanos,
  'k': nanos * 10n ** 3n,
  'M': nanos * 10n ** 6n,
  'G': nanos * 10n ** 9n,
  'T': nanos * 10n ** 12n,
  'P': nanos * 10n ** 15n,
  'E': nanos * 10n ** 18n,
}
const binary: Record<string, bigint> = {
  Ki: nanos * 2n ** 10n,
  Mi: nanos * 2n ** 20n,
  Gi: nanos * 2n ** 30n,
  Ti: nanos * 2n ** 40n,
  Pi: nanos * 2n ** 50n,
  Ei: nanos * 2n ** 60n,
}

const wanted = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/**
 * `250m`, `64Mi`, `1.5G`, `1e3`, or a number. `m` is a thousandth, also of bytes; a kilo is `k` only. What is finer than a billionth is
 * rounded up. Undefined for anything else. Reference: appc library, "Quantities".
 */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const match = text.length > 64 ? null : /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(.*)$/s.exec(text)
  if (match === null) return undefined
  const [, sign, digits = '', suffix = ''] = match
  const scale = scaleOf(suffix)
  if (scale === undefined) return undefined
  const [whole = '', fraction = ''] = digits.split('.')
  const numerator = BigInt(whole + fraction) * scale.numerator
  const denominator = 10n ** BigInt(fraction.length) * scale.denominator
  const nano = (numerator + denominator - 1n) / denominator
  return { nano: sign === '-' ? -nano : nano, family: scale.family }
}

/** The library's message for text that is no quantity. */
export function checkQuantity(value: string | number): string | undefined {
  return parseQuantity(value) === undefined ? wanted : undefined
}

/** In whole units, rounded up: bytes of memory. */
export function quantityToUnits(quantity: Quantity): bigint {
  return ceilDivide(quantity.nano, nanos)
}

/** In thousandths, rounded up: of a CPU. */
export function quantityToMillis(quantity: Quantity): bigint {
  return ceilDivide(quantity.nano, 1_000_000n)
}

/** Canonical: no fraction, the largest suffix of its family that allows it. `0.5` is `500m`, `1024Mi` is `1Gi`. */
export function formatQuantity({ nano, family }: Quantity): string {
  if (nano === 0n) return '0'
  if (family === 'exponent') return formatExponent(nano)
  const scales = family === 'binary' && nano % nanos === 0n ? { '': nanos, ...binary } : decimal
  let best = ''
  let found = false
  for (const [suffix, scale] of Object.entries(scales)) {
    if (nano % scale === 0n) {
      best = suffix
      found = true
    }
  }
  return found ? `${nano / (scales as Record<string, bigint>)[best]!}${best}` : String(nano)
}

function scaleOf(suffix: string): { numerator: bigint; denominator: bigint; family: Quantity['family'] } | undefined {
  if (Object.hasOwn(decimal, suffix)) return { numerator: decimal[suffix]!, denominator: 1n, family: 'decimal' }
  if (Object.hasOwn(binary, suffix)) return { numerator: binary[suffix]!, denominator: 1n, family: 'binary' }
  const exponent = /^[eE]([+-]?\d{1,3})$/.exec(suffix)?.[1]
  if (exponent === undefined) return undefined
  const power = 10n ** BigInt(Math.abs(Number(exponent)))
  return Number(exponent) < 0
    ? { numerator: nanos, denominator: power, family: 'exponent' }
    : { numerator: nanos * power, denominator: 1n, family: 'exponent' }
}

function formatExponent(nano: bigint): string {
  let mantissa = nano
  let exponent = -9
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n
    exponent += 3
  }
  return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return value > 0n ? (value + by - 1n) / by : value / by
}
