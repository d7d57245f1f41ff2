import { rmSync } from 'node:fs'
import type { FetchPlan } from '@rocket/fetch'
import type { Stage } from '@rocket/host'

/** Keeps the hash seed that Node was built with. It saves a tenth of a start, and lets a stranger foresee which keys collide. */
const foreseeable = '--no-rehash-snapshot'

/** What the launcher starts Node with; undefined from source, where nothing was left out. */
export function launchOptions(): readonly string[] | undefined {
  return (globalThis as { rocketNodeOptions?: readonly string[] }).rocketNodeOptions
}

/**
 * The fetch stage, which reads what strangers wrote: a manifest or a layer made of names with one hash would keep a foreseeable process busy for
 * hours. So before anything is read from elsewhere, the command begins again in a process with a random seed. What it has made so far, the
 * pod's directory with its request, goes first.
 */
export function unforeseeable(stage: Stage): Stage {
  const fetch = stage.verbs.fetch
  if (fetch === undefined || !process.execArgv.includes(foreseeable)) return stage
  const apply: typeof fetch.apply = (plan, context) => {
    const { images } = plan as FetchPlan
    return images.some(({ from }) => from !== 'store') ? beginAgain(context.podDirectory) : fetch.apply(plan, context)
  }
  return { ...stage, verbs: { ...stage.verbs, fetch: { ...fetch, apply } } }
}

function beginAgain(directory: string): never {
  if (process.execve === undefined) throw new Error('this Node cannot execve')
  rmSync(directory, { recursive: true, force: true })
  const options = process.execArgv.filter((option) => option !== foreseeable)
  return process.execve(process.execPath, [process.execPath, ...options, ...process.argv.slice(1)])
}
