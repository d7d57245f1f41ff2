import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Feature } from '@rocket/contracts'
import type { PodWish } from '../fixture/pod-fixture.ts'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { findLeftovers } from '../leftovers.ts'
import { runPod, type PodRun, type PodRunOptions } from '../run-pod.ts'

/** A test that is skipped when the flavor does not declare what it needs. */
export function clause(flavor: FlavorUnderTest, name: string, needs: readonly Feature[], body: () => void): void {
  const lacking = needs.filter((need) => !flavor.declaration.features.includes(need))
  test(name, { skip: lacking.length === 0 ? false : `the flavor does not declare ${lacking.join(', ')}` }, body)
}

/** Runs a pod, judges it, and asserts that nothing of it is left. */
export function withPod(
  flavor: FlavorUnderTest, wish: Omit<PodWish, 'flavor'>, judge: (run: PodRun) => void, options: PodRunOptions = {}
): void {
  const run = runPod(flavor, wish, options)
  try {
    judge(run)
    assert.deepEqual(findLeftovers(run.fixture), [], 'nothing of the pod is left outside its directory')
  } catch (error) {
    if (error instanceof Error) error.message += `\nthe pod said:\n${run.output}\n${JSON.stringify(run.result)}`
    throw error
  } finally {
    run.fixture.remove()
  }
}

/** A script for busybox's shell, as an app's argument vector. */
export function shell(script: string): string[] {
  return ['/bin/sh', '-c', script]
}

/** The facts that an app printed as `name=value` lines. */
export function factsOf(output: string): Record<string, string> {
  return Object.fromEntries(
    output.split('\n').filter((line) => /^[a-z-]+=/.test(line)).map(
      (line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]
    )
  )
}
