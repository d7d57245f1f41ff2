import { after, afterEach, before, test } from 'node:test'
import { makeImages, type Images } from '../fixtures/images.ts'
import { makeHome, type Home } from './home.ts'
import { assertNothingLeft } from './leftovers.ts'

export interface Stage {
  readonly home: Home
  readonly images: Images
}

/** Told with the test, so that nobody takes a skipped one for a passed one. */
export const withoutRoot: false | string = process.geteuid?.() === 0 ? false : 'pods can be run by root only'

/**
 * The stories of a file share a home and its store, and each ends with nothing left: no pod, and nothing on the host. `stage` is filled
 * before the first story.
 */
export function tellStories(): Stage {
  const stage: { home?: Home; images?: Images } = {}
  if (withoutRoot === false) {
    before(async () => {
      stage.images = await makeImages()
      stage.home = makeHome()
    })
    afterEach(async () => {
      if (stage.home === undefined) return
      await stage.home.killAll()
      await assertNothingLeft(stage.home)
    })
    after(() => stage.home?.remove())
  }
  return stage as Stage
}

export function story(name: string, tell: () => Promise<void>, unless: false | string = false): void {
  test(name, { skip: withoutRoot === false ? unless : withoutRoot }, tell)
}

/** Of a pod that needs no signature and no network. */
export const plain: readonly string[] = ['--insecure-options=image', '--net=none']

/** An image with a shell script in place of its program. */
export function sh(image: string, script: string, ...flags: string[]): string[] {
  return [image, ...flags, '--exec=/bin/sh', '--', '-c', script]
}
