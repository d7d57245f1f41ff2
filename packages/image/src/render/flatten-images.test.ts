import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '../testing/has-code.ts'
import { flattenImages, type RenderableImage } from './flatten-images.ts'

const image = (sha512: string, ...dependencies: RenderableImage[]): RenderableImage => ({
  sha512, path: '', pathWhitelist: [`/${sha512}`], dependencies,
})

test('lists images as the specification does: each before its dependencies, the last of them first, repetitions kept', () => {
  const list = (top: RenderableImage): string => flattenImages(top).map((step) => step.image.sha512).join(' ')
  assert.equal(list(image('a', image('b'), image('c', image('d')))), 'a c d b')
  const d = image('d')
  assert.equal(list(image('a', image('b', d), image('c', d))), 'a c d b d')
})

test('holds an image to the whitelists of those it is there for, and of no others', () => {
  const steps = flattenImages(image('a', image('b', image('x')), image('c', image('d'))))
  const above = steps.map((step) => [step.image.sha512, ...step.above.map(({ paths }) => [...paths].join())].join(' '))
  assert.deepEqual(above, ['a', 'c a', 'd a c', 'b a', 'x a b'])
})

test('refuses images whose ways to each other multiply without end', () => {
  let top = image('0')
  for (let level = 1; level < 12; level += 1) top = image(String(level), top, top)
  assert.throws(() => flattenImages(top), hasCode('DEPENDENCY_LIMIT'))
})
