import type { Stage } from '@rocket/host'
import { gc } from './gc.ts'
import { prepare } from './prepare.ts'
import { start } from './start.ts'

/** stage0: a request and the records of its images become a prepared pod, the pod gets its start, and is removed in the end. */
export const stage: Stage = { name: 'stage0', verbs: { prepare, start, gc } }
