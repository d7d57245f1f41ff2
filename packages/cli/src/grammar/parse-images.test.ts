import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { commands } from './commands.ts'
import { imageFlags } from './flags/image.ts'
import { startFlags } from './flags/pod.ts'
import { parse } from './parse.ts'

/** Anything an app may be given: every word but the one that ends its arguments. */
const appWord = fc
  .oneof(fc.constantFrom('--', '-h', '--help', '--debug', '--exec', '', '--no-such-flag', '-', 'image.aci'), fc.string({ maxLength: 8 }))
  .filter((word) => word !== '---')

const image = fc.record({
  reference: fc.stringMatching(/^[a-z][a-z0-9/.]{0,9}$/),
  user: fc.option(fc.string({ maxLength: 6 }), { nil: undefined }),
  joined: fc.boolean(),
  args: fc.option(fc.array(appWord, { maxLength: 5 }), { nil: undefined }),
  emptyBefore: fc.boolean(),
})

test('what a line of images says is what comes out: references, flags and arguments, whatever the words are', () => {
  fc.assert(
    fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), fc.string({ maxLength: 5 }), (images, hostname) => {
      const words = images.flatMap(({ reference, user, joined, args, emptyBefore }) => [
        ...(emptyBefore ? [''] : []),
        reference,
        ...(user === undefined ? [] : joined ? [`--user=${user}`] : ['--user', user]),
        ...(args === undefined ? [] : ['--', ...args, '---']),
      ])
      const parsed = parse(['run', ...words, '--hostname', hostname], commands)
      assert.equal(parsed.kind, 'invocation')
      if (parsed.kind !== 'invocation') return
      assert.deepEqual(
        parsed.invocation.images.map((one) => ({ reference: one.reference, user: one.flags.get(imageFlags.user), args: one.args })),
        images.map((one) => ({ reference: one.reference, user: one.user ?? '', args: one.args ?? [] })),
      )
      assert.equal(parsed.invocation.flags.get(startFlags.hostname), hostname)
    }),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300) },
  )
})

test('the last image need not close its arguments', () => {
  fc.assert(
    fc.property(fc.array(appWord, { maxLength: 6 }), (args) => {
      const parsed = parse(['run', 'image', '--', ...args], commands)
      assert.deepEqual(parsed.kind === 'invocation' && parsed.invocation.images[0]?.args, args)
    }),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 200) },
  )
})

test('no line of words makes the parser fail otherwise than with a usage error', () => {
  const word = fc.oneof(
    fc.constantFrom('run', '--', '---', '-', '', '--net', '--exec', '--mount', '--port=a:1', 'x'),
    fc.string({ maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      assert.ok(['invocation', 'help', 'usage-error'].includes(parse(words, commands).kind))
    }),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 500) },
  )
})
