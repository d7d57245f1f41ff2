import { wordSet } from '../kinds.ts'
import type { FlagKind } from '../flag.ts'

const bits: Record<string, number> = {
  none: 0,
  image: 1,
  tls: 2,
  ondisk: 4,
  http: 8,
  pubkey: 16,
  capabilities: 32,
  paths: 64,
  seccomp: 128,
  'all-fetch': 27,
  'all-run': 224,
  all: 251,
}

/** `--insecure-options`, as the words that were given. */
export const insecureOptions: FlagKind<readonly string[]> = wordSet(['none'], Object.keys(bits))

export interface InsecureFetch {
  image: boolean
  tls: boolean
  http: boolean
  pubkey: boolean
}

export interface InsecureRun {
  capabilities: boolean
  paths: boolean
  seccomp: boolean
}

/** What the words permit, for fetching and for running. */
export function insecurities(words: readonly string[]): { fetch: InsecureFetch; run: InsecureRun } {
  const allowed = words.reduce((sum, word) => sum | (bits[word] ?? 0), 0)
  const has = (word: string): boolean => (allowed & (bits[word] ?? 0)) !== 0
  return {
    fetch: { image: has('image'), tls: has('tls'), http: has('http'), pubkey: has('pubkey') },
    run: { capabilities: has('capabilities'), paths: has('paths'), seccomp: has('seccomp') },
  }
}
