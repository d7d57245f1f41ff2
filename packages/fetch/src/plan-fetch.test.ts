import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isRocketError, type Request } from '@rocket/contracts'
import { planFetch } from './plan-fetch.ts'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeLibrary } from './testing/make-aci.ts'

const nowhere = 'either image was not found in the store or store was disabled and fetching from remote yielded nothing or it was disabled'

/** Where an image would come from, or in which words it is refused. */
function planOf({ store }: Workshop, reference: string, pullPolicy: Request['pullPolicy']): string {
  const app = { reference, args: [], environment: [], mounts: [], isolators: {}, annotations: [] }
  try {
    return planFetch({ apps: [app], pullPolicy, insecure: { image: true, tls: false, http: false, pubkey: false } }, store).images[0]!.from
  } catch (error) {
    if (isRocketError(error, 'IMAGE_NOT_FOUND')) return error.what
    throw error
  }
}

async function makeStore(t: TestContext): Promise<Workshop> {
  const workshop = makeWorkshop(t)
  await workshop.fetch([makeLibrary(workshop.directory, 'example.com/there', { f: 'f' })])
  return workshop
}

for (const [reference, never, fresh, update] of [
  ['example.com/there', 'store', 'store', 'source'],
  ['example.com/there:1', 'store', 'store', 'source'],
  ['example.com/there:2', `unable to fetch image from image name "example.com/there:2": ${nowhere}`, 'source', 'source'],
  ['example.com/there,os=freebsd', `unable to fetch image from image name "example.com/there,os=freebsd": ${nowhere}`, 'source', 'source'],
  ['example.com/none', `unable to fetch image from image name "example.com/none": ${nowhere}`, 'source', 'source'],
  ['https://example.com/none.aci', `unable to fetch image from URL "https://example.com/none.aci": ${nowhere}`, 'source', 'source'],
  ['/nowhere/file.aci', 'source', 'source', 'source'],
] as const) {
  test(`${reference} under the policies never, new and update, as in rkt`, async (t) => {
    const workshop = await makeStore(t)
    assert.deepEqual((['never', 'new', 'update'] as const).map((policy) => planOf(workshop, reference, policy)), [never, fresh, update])
  })
}
