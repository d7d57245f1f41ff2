import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  podLayout, type App, type AppRun, type Net, type Pod, type Request, type Run, type RunRequest, type Start,
} from '@rocket/contracts'
import { bootId, HandoffFiles, startTime, type Stage } from '@rocket/host'
import type { FetchPlan } from '@rocket/fetch'
import type { Surroundings } from './prepare-pod.ts'
import { builtin } from './programs.ts'
import { contextOf, type VerbCall } from './run-verb.ts'

export interface ExplainedVerb {
  stage: string
  verb: string
  app?: string
  plan: unknown
}

export interface ExplainedRoad {
  verbs: ExplainedVerb[]
  /** Why the road is not explained to its end. */
  stopped?: string
}

/**
 * The plan of every first-party stage, in the order in which they would run. Each plan's documents are laid into a scratch directory
 * for the next stage to read, and that is gone afterwards; nothing else is touched. Where a stage's documents come from acting (a
 * sandbox, addresses) stand-ins are laid: our own namespaces, no addresses. Throws what the stages throw.
 */
export async function explainRoad(request: Request, runRequest: RunRequest, around: Surroundings): Promise<ExplainedRoad> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-explain-'))
  try {
    return await explainIn(directory, request, runRequest, around)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function explainIn(directory: string, request: Request, runRequest: RunRequest, around: Surroundings): Promise<ExplainedRoad> {
  const files = new HandoffFiles(directory)
  const verbs: ExplainedVerb[] = []
  const plan = async <P>(stage: VerbCall['stage'], verb: string, name: string, app?: string): Promise<P> => {
    const program = builtin(name)
    if (program.kind !== 'builtin') throw new Error('not a built-in stage')
    const loaded: Stage = await program.load()
    const road = { ...around, uuid: request.uuid, podDirectory: directory, lockFd: -1 }
    const planned = loaded.verbs[verb]?.plan(contextOf(road, { stage, verb, program, ...(app === undefined ? {} : { app }) }, files)) as P
    verbs.push({ stage: name, verb, ...(app === undefined ? {} : { app }), plan: planned })
    return planned
  }

  files.write('Request', request)
  const fetched = await plan<FetchPlan>('fetch', 'fetch', 'fetch')
  const images = fetched.images.flatMap((image) => (image.from === 'store' ? [{ reference: image.reference, imageId: image.imageId }] : []))
  if (images.length < fetched.images.length) {
    return { verbs, stopped: 'an image is not in the store: what follows depends on it; `rkt fetch` gets it' }
  }
  files.write('Images', { version: 1, uuid: request.uuid, images })

  const prepared = await plan<{ pod: Pod; apps: App[] }>('stage0', 'prepare', 'stage0')
  files.write('Pod', prepared.pod)
  for (const app of prepared.apps) {
    mkdirSync(join(directory, podLayout.app(app.app)), { recursive: true })
    files.write('App', app, app.app)
  }
  files.write('RunRequest', runRequest)
  const { start } = await plan<{ start: Start }>('stage0', 'start', 'stage0')
  files.write('Start', start)

  layStandIns(files, request.uuid)
  const up = await plan<{ mode: Net['mode'] }>('network', 'up', 'network')
  files.write('Net', { version: 1, uuid: request.uuid, mode: up.mode, cniPath: [], attachments: [], ports: prepared.pod.ports })

  const { flavor } = prepared.pod
  if (flavor.program !== undefined) {
    return { verbs, stopped: `flavor ${flavor.name} is a program: ${flavor.program} create --dry-run shows its plan` }
  }
  const stage1 = `stage1-${flavor.name}`
  const created = await plan<{ run: Run }>('stage1', 'create', stage1)
  files.write('Run', created.run)
  for (const { app } of prepared.apps) {
    const createdApp = await plan<{ run: AppRun }>('stage1', 'create-app', stage1, app)
    files.write('AppRun', createdApp.run, app)
  }
  if (created.run.supervision === 'apps') await plan('stage2', 'run', 'stage2')
  return { verbs }
}

function layStandIns(files: HandoffFiles, uuid: string): void {
  const self = { pid: process.pid, startTime: startTime(process.pid) ?? 0 }
  const path = (kind: string): string => `/proc/${self.pid}/ns/${kind}`
  files.write('Sandbox', {
    version: 1, uuid, madeAt: new Date().toISOString(), bootId: bootId(), driver: self, holder: self,
    namespaces: { mount: path('mnt'), pid: path('pid'), network: path('net'), ipc: path('ipc'), uts: path('uts') },
  })
}
