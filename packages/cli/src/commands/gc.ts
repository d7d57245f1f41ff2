import { join } from 'node:path'
import { isErrno, isRocketError, type PodPlace } from '@rocket/contracts'
import { existingPods, isThere, podsIn } from '@rocket/host'
import { readCacheLimits } from '../config/store-settings.ts'
import { readSettings, type Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { gcFlags } from '../grammar/flags/life.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { explainFlags } from '../grammar/flags/store.ts'
import { formatGoDuration } from '../grammar/go-values.ts'
import { errorStyle } from '../print/context.ts'
import { printError } from '../print/errors.ts'
import { writeError, writeOut } from '../print/write.ts'
import { collectPod } from '../road/collect.ts'
import { collectScratch } from '../road/fetch-images.ts'
import { endLeftBehind } from '../road/left-behind.ts'
import { movePod, releasePod, takePod, whileNobodyMakes, type OwnedPod } from '../road/pod-directory.ts'
import type { Surroundings } from '../road/prepare-pod.ts'
import { ageMs, planPods, type GcTimes } from '../road/plan-gc.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/**
 * `rkt gc`, in rkt's passes and words. A pod whose lock somebody holds is passed over in silence: it lives, or another gc has it. What
 * goes wrong with one pod is printed and does not stop the others; the exit code stays 0, as rkt's.
 */
export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation.flags)
  const gracePeriodMs = invocation.flags.get(gcFlags.gracePeriod)
  const expireMs = invocation.flags.get(gcFlags.expirePrepared)
  if (invocation.flags.get(explainFlags.explain)) return explain(invocation, settings, { gracePeriodMs, expireMs })
  const around = surroundingsOf(settings, invocation.flags)
  const style = errorStyle(invocation)
  const each = async (place: PodPlace, act: (pod: OwnedPod) => void | Promise<void>): Promise<void> => {
    for (const uuid of podsIn(settings.dataDirectory, place)) {
      try {
        const pod = takeIfFree(settings.dataDirectory, uuid, place)
        if (pod !== undefined) await act(pod)
      } catch (error) {
        printError(error, style, `pod "${uuid}"`)
      }
    }
  }
  const move = (to: PodPlace, words?: string) => (pod: OwnedPod): void => {
    if (words !== undefined) writeError(`gc: ${words.replace('UUID', `"${pod.uuid}"`)}\n`)
    releasePod(movePod(pod, settings.dataDirectory, to, true))
  }
  await each('run', move('exited-garbage', 'moving pod UUID to garbage'))
  await each('prepare', move('garbage', 'moving failed prepare UUID to garbage'))
  await whileNobodyMakes(join(settings.dataDirectory, 'pods/embryo'), () => each('embryo', move('garbage')))
  if (invocation.flags.get(gcFlags.markOnly)) return 0
  await each('prepared', (pod) => {
    if (ageMs(pod.directory) >= expireMs) move('garbage', 'moving expired prepared pod UUID to garbage')(pod)
    else releasePod(pod)
  })
  await each('exited-garbage', async (pod) => {
    if (ageMs(pod.directory) >= gracePeriodMs) return collect(pod, around)
    writeError(`gc: pod "${pod.uuid}" not removed: still within grace period (${formatGoDuration(gracePeriodMs)})\n`)
    releasePod(pod)
  })
  await each('garbage', (pod) => collect(pod, around))
  await collectScratch(settings.dataDirectory)
  await collectImages(settings)
  return 0
}

/** What only the pods that are gone needed, what fetches that were killed left, and images beyond the limits of `store.d`. */
async function collectImages(settings: Settings): Promise<void> {
  const { dataDirectory, storeDirectory } = settings
  if (!isThere(storeDirectory)) return
  const { collectGarbage, openStore, planEviction } = await import('@rocket/store')
  const limits = readCacheLimits(settings)
  const store = openStore(storeDirectory)
  await collectGarbage(store, { pods: () => existingPods(dataDirectory), images: () => planEviction(store, limits) })
}

/** `--explain`: pods first, then the store as it would be without those that go. */
async function explain({ flags }: Invocation, settings: Settings, times: GcTimes): Promise<number> {
  const [{ explainGarbage, openStore, planEviction }, { formatVerdicts, verdictOn }] = await Promise.all([
    import('@rocket/store'), import('../images/print-swept.ts'),
  ])
  const pods = planPods(settings.dataDirectory, times)
  const store = openStore(settings.storeDirectory)
  const limits = readCacheLimits(settings)
  const items = await explainGarbage(store, {
    pods: () => pods.filter(({ verdict }) => verdict === 'kept').map(({ name }) => name), images: () => planEviction(store, limits),
  })
  writeOut(formatVerdicts([...pods, ...items.map(verdictOn)], flags.get(outputFlags.format)))
  return 0
}

async function collect(pod: OwnedPod, around: Surroundings): Promise<void> {
  writeOut(`Garbage collecting pod "${pod.uuid}"\n`)
  await collectPod(pod, around)
}

function takeIfFree(dataDirectory: string, uuid: string, place: PodPlace): OwnedPod | undefined {
  try {
    return takePod(dataDirectory, uuid, place)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (!isRocketError(error, 'LOCK_HELD')) throw error
  }
  return endLeftBehind(uuid, join(dataDirectory, 'pods', place, uuid)) ? takeIfFree(dataDirectory, uuid, place) : undefined
}
