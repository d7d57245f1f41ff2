import { defineVerb, type Stage } from '@rocket/host'
import { applyDown, findRemains } from './down.ts'
import { planUp } from './plan-up.ts'
import { applyUp } from './up.ts'

/**
 * The network of a pod. `up` reads pod.json, start.json and sandbox.json, writes net.json; `down` needs the UUID alone, undoes what `up`
 * did however far it came, and can be repeated.
 */
export const stage: Stage = {
  name: 'network',
  verbs: {
    up: defineVerb({ plan: planUp, apply: applyUp }),
    down: defineVerb({ plan: findRemains, apply: applyDown }),
  },
}
