import { zoneAt } from './zone.ts'

/** What rkt prints for a time that is not known: Go's zero time. */
export const unknownFullTime = '0001-01-01 00:00:00 +0000 UTC'

/** `2026-01-02 03:04:05.678 +0100 CET`, in the local zone; a fraction of nothing is left out. */
export function formatFullTime(ms: number): string {
  const { offsetSeconds, name } = zoneAt(ms)
  const [date = '', clock = ''] = new Date(ms + offsetSeconds * 1000).toISOString().replace('Z', '').split('T')
  const minutes = Math.abs(Math.trunc(offsetSeconds / 60))
  const offset = `${offsetSeconds < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`
  return `${date} ${clock.replace(/\.?0*$/, (zeros) => (zeros.startsWith('.') || clock.includes('.') ? '' : zeros))} ${offset} ${name}`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const week = 7 * day
const month = 30 * day
const year = 12 * month

/** From which age, the words, and what one of them is worth. The steps are those of the library rkt used. */
const steps: readonly [number, string, number][] = [
  [1, 'now', 0],
  [2, '1 second', 0],
  [minute, '%d seconds', 1],
  [2 * minute, '1 minute', 0],
  [hour, '%d minutes', minute],
  [2 * hour, '1 hour', 0],
  [day, '%d hours', hour],
  [2 * day, '1 day', 0],
  [week, '%d days', day],
  [2 * week, '1 week', 0],
  [month, '%d weeks', week],
  [2 * month, '1 month', 0],
  [year, '%d months', month],
  [18 * month, '1 year', 0],
  [2 * year, '2 years', 0],
  [37 * year, '%d years', year],
  [Infinity, 'a long while', 0],
]

/** `3 minutes ago`. */
export function formatAge(ms: number, nowMs: number = Date.now()): string {
  const seconds = Math.abs(Math.trunc((nowMs - ms) / 1000))
  // A plain loop: a table of thousands of images asks this for every cell.
  let step = 0
  while (step < steps.length - 1 && seconds >= steps[step]![0]) step += 1
  const [, words, worth] = steps[step]!
  const text = worth === 0 ? words : words.replace('%d', String(Math.floor(seconds / worth)))
  return text === 'now' ? text : `${text} ${ms > nowMs ? 'from now' : 'ago'}`
}
