import type { Stage } from '@rocket/host'
import { run } from './run.ts'

export const stage: Stage = { name: 'stage2', verbs: { run } }
