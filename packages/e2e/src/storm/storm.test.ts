import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutRoot } from '../program/story.ts'
import { planStorm } from './plan.ts'
import { runStorm } from './run-storm.ts'
import { scenarioNames } from './scenarios.ts'

const kills = 150

test('a storm is repeated by its seed, and spreads its kills over all scenarios and moments', () => {
  assert.deepEqual(planStorm(kills, 7), planStorm(kills, 7))
  assert.notDeepEqual(planStorm(kills, 7), planStorm(kills, 8))
  const all = planStorm(1000, 7).flat()
  for (const name of scenarioNames) {
    assert.ok(Math.abs(all.filter(({ scenario }) => scenario === name).length - 1000 / scenarioNames.length) < 1)
  }
  for (let tenth = 0; tenth < 10; tenth++) assert.ok(all.filter(({ moment }) => Math.floor(moment * 10) === tenth).length > 60)
})

const limits = { skip: withoutRoot, timeout: 240_000 }

test(`rkt killed with KILL at ${kills} random moments leaves nothing that gc does not collect`, limits, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const { interrupted } = await runStorm(kills, seed)
  const total = Object.values(interrupted).reduce((sum, count) => sum + count, 0)
  assert.ok(total > kills / 2, `only ${total} were at work when they were killed: ${JSON.stringify(interrupted)}`)
})
