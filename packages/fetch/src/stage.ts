import { isRocketError } from '@rocket/contracts'
import { defineVerb, type Stage, type StageContext, type Verb } from '@rocket/host'
import { openStore } from '@rocket/store'
import { planFetch, type FetchPlan, type PlannedImage } from './plan-fetch.ts'
import { useStoredImages } from './use-stored.ts'

/**
 * From the references of `request.json` to images in the store: records, names, evidence, a pin for the pod, and `images.json`. What is
 * in the store already is found by synchronous reads; everything else is loaded when it is needed.
 */
const fetch: Verb<FetchPlan> = defineVerb<FetchPlan>({
  plan: (context) => planFetch(context.files.read('Request'), openStore(context.storeDirectory)),
  apply: (plan, context) => applyFetch(plan, context),
})

type StoredImage = Extract<PlannedImage, { from: 'store' }>

function applyFetch(plan: FetchPlan, context: StageContext): void | Promise<void> {
  const stored = plan.images.filter((image) => image.from === 'store' && image.elsewhere === undefined) as StoredImage[]
  // A store that holds an image is whole already; one without any may not be there.
  const complete = stored.length === plan.images.length && stored.length > 0
  const store = openStore(context.storeDirectory, { create: !complete })
  if (stored.length < plan.images.length) return import('./fetch-images.ts').then(({ fetchImages }) => fetchImages(store, context))
  try {
    return useStoredImages(stored, store, context)
  } catch (error) {
    if (!isRocketError(error, 'IMAGE_NOT_FOUND')) throw error
    // Removed between the look and the pin: the store has it no more, but where it came from may.
    const made = openStore(context.storeDirectory, { create: true })
    return import('./fetch-images.ts').then(({ fetchImages }) => fetchImages(made, context))
  }
}

export const stage: Stage = { name: 'fetch', verbs: { fetch } }
