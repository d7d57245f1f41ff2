import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { findPodFlagConflict } from '../grammar/pod-checks.ts'
import { formatJson } from '../print/json.ts'
import { writeError, writeOut } from '../print/write.ts'
import { explainRoad, type ExplainedVerb } from '../road/explain-road.ts'
import { planRequest, planStartRequest } from '../road/requests.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/** `rkt explain`: what `rkt run` with these words would do, stage by stage. A refusal of a stage is printed as `run` would print it. */
export async function run(invocation: Invocation): Promise<number> {
  const conflict = findPodFlagConflict(invocation)
  if (conflict !== undefined) {
    writeError(`explain: ${conflict}\n`)
    return 254
  }
  const settings = readSettings(invocation.flags)
  const request = planRequest(invocation, settings)
  const road = await explainRoad(request, planStartRequest(invocation, settings, request.uuid), surroundingsOf(settings, invocation.flags))
  const format = invocation.flags.get(outputFlags.format)
  writeOut(format === '' ? road.verbs.map(formatVerb).join('\n') : formatJson(road, format))
  if (road.stopped !== undefined) writeError(`explain: ${road.stopped}\n`)
  return 0
}

function formatVerb({ stage, verb, app, plan }: ExplainedVerb): string {
  return `== ${stage} ${verb}${app === undefined ? '' : ` ${app}`}\n${JSON.stringify(plan, cutLongText, 2)}\n`
}

/** A compiled filter is twelve thousand letters that nobody reads; `--format=json` has them. */
const longestText = 1000

function cutLongText(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > longestText ? `${value.slice(0, 40)}… (${value.length} characters)` : value
}
