import { mkdirSync, writeFileSync } from 'node:fs'
import { podLayout, RocketError, type EtcFile, type Run, type Sandbox, type Start } from '@rocket/contracts'
import { defineVerb, requirePodMountNamespace, type StageContext, type Verb } from '@rocket/host'
import { flyEtcFiles } from './etc-files.ts'

export interface CreatePlan {
  sandbox: Sandbox
  etc: EtcFile[]
  run: Run
}

/** Writes the pod's files below /etc. Throws APPS_TOO_MANY. */
export const create: Verb<CreatePlan> = defineVerb({ plan: planCreate, apply: applyCreate })

function planCreate({ files, uuid }: StageContext): CreatePlan {
  const start = files.read('Start')
  const apps = files.apps()
  if (apps.length > 1) {
    throw new RocketError('APPS_TOO_MANY', {
      what: `flavor fly cannot run ${apps.join(', ')} together`, why: 'fly only supports 1 application per Pod for now',
      hint: 'run a pod for each, or use the flavor oci',
    })
  }
  return {
    sandbox: files.read('Sandbox'),
    etc: flyEtcFiles(start, files.read('Net')).filter((file) => file.text !== undefined),
    run: { version: 1, uuid, flavor: 'fly', supervision: 'apps', endsAsApp: true, cleanup: [], notes: planNotes(start) },
  }
}

function planNotes(start: Start): string[] {
  return start.network.mode === 'host' ? [] : [`flavor fly has no network of its own: the app uses the host's, not ${start.network.mode}`]
}

function applyCreate(plan: CreatePlan, { files, podDirectory }: StageContext): void {
  requirePodMountNamespace(plan.sandbox)
  mkdirSync(`${podDirectory}/${podLayout.etc}`, { recursive: true })
  for (const file of plan.etc) writeFileSync(`${podDirectory}/${file.source.slice('pod:'.length)}`, file.text ?? '', { mode: 0o644 })
  files.write('Run', plan.run)
}
