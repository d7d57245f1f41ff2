import { defineVerb, describing, native, type StageContext, type Verb } from '@rocket/host'
import { checkSamePod } from './same-pod.ts'
import { planStart as plan, type StartPlan } from './start/plan-start.ts'

/** `pod.json`, `apps/…/app.json` and `run-request.json` become `start.json`. */
export const start: Verb<StartPlan> = defineVerb({ plan: planStart, apply: applyStart })

function planStart(context: StageContext): StartPlan {
  const { files } = context
  const pod = files.read('Pod')
  const request = files.read('RunRequest')
  const apps = files.apps().map((name) => files.read('App', name))
  checkSamePod(context, {
    'pod.json': pod.uuid, 'run-request.json': request.uuid,
    ...Object.fromEntries(apps.map(({ app, uuid }) => [`apps/${app}/app.json`, uuid])),
  })
  return plan({ pod, apps, request, startedAt: new Date().toISOString(), isTerminal: () => native().isatty(0) === 1 })
}

function applyStart({ start, warnings }: StartPlan, context: StageContext): void {
  for (const warning of warnings) context.warn(warning)
  describing(`cannot write the start of the pod in ${context.podDirectory}`, () => context.files.write('Start', start))
}
