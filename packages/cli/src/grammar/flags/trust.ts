import type { Flags } from '../flag.ts'
import { bool, text } from '../kinds.ts'

export const trustFlags: Flags<{ insecureAllowHttp: boolean; prefix: string; root: boolean; skipFingerprintReview: boolean }> = {
  insecureAllowHttp: { name: 'insecure-allow-http', kind: bool(), help: 'allow http for keys and for their discovery' },
  prefix: { name: 'prefix', kind: text(), help: 'trust the key for images whose name begins with this' },
  root: { name: 'root', kind: bool(), help: 'trust the key for every image' },
  skipFingerprintReview: { name: 'skip-fingerprint-review', kind: bool(), help: 'trust the key without asking' },
}
