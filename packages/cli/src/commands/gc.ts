import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isRocketError, podPlaces, type PodPlace } from '@rocket/contracts'
import { readSettings, type Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { gcFlags } from '../grammar/flags/life.ts'
import { formatGoDuration } from '../grammar/go-values.ts'
import { errorStyle } from '../print/context.ts'
import { printError } from '../print/errors.ts'
import { writeError, writeOut } from '../print/write.ts'
import { collectPod } from '../road/collect.ts'
import { collectScratch } from '../road/fetch-images.ts'
import { movePod, releasePod, takePod, whileNobodyMakes, type OwnedPod } from '../road/pod-directory.ts'
import type { Surroundings } from '../road/prepare-pod.ts'
import { surroundingsOf } from '../road/surroundings.ts'

/**
 * `rkt gc`, in rkt's passes and words. A pod whose lock somebody holds is passed over in silence: it lives, or another gc has it. What
 * goes wrong with one pod is printed and does not stop the others; the exit code stays 0, as rkt's.
 */
export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation.flags)
  const around = surroundingsOf(settings, invocation.flags)
  const style = errorStyle(invocation)
  const gracePeriodMs = invocation.flags.get(gcFlags.gracePeriod)
  const expireMs = invocation.flags.get(gcFlags.expirePrepared)
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
    if (ageMs(pod) >= expireMs) move('garbage', 'moving expired prepared pod UUID to garbage')(pod)
    else releasePod(pod)
  })
  await each('exited-garbage', async (pod) => {
    if (ageMs(pod) >= gracePeriodMs) return collect(pod, around)
    writeError(`gc: pod "${pod.uuid}" not removed: still within grace period (${formatGoDuration(gracePeriodMs)})\n`)
    releasePod(pod)
  })
  await each('garbage', (pod) => collect(pod, around))
  await collectScratch(settings.dataDirectory)
  await collectImages(settings)
  return 0
}

/** What only the pods that are gone needed, and what fetches that were killed left. */
async function collectImages({ dataDirectory, storeDirectory }: Settings): Promise<void> {
  if (!existsSync(storeDirectory)) return
  const { collectGarbage, openStore } = await import('@rocket/store')
  await collectGarbage(openStore(storeDirectory), { pods: () => podPlaces.flatMap((place) => podsIn(dataDirectory, place)) })
}

async function collect(pod: OwnedPod, around: Surroundings): Promise<void> {
  writeOut(`Garbage collecting pod "${pod.uuid}"\n`)
  await collectPod(pod, around)
}

/** Since when the pod lies where it lies: a rename sets the directory's ctime, in parts of a millisecond, of which the clock here knows none. */
function ageMs(pod: OwnedPod): number {
  return Math.max(0, Date.now() - statSync(pod.directory).ctimeMs)
}

function podsIn(dataDirectory: string, place: PodPlace): string[] {
  try {
    return readdirSync(join(dataDirectory, 'pods', place)).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function takeIfFree(dataDirectory: string, uuid: string, place: PodPlace): OwnedPod | undefined {
  try {
    return takePod(dataDirectory, uuid, place)
  } catch (error) {
    if (isRocketError(error, 'LOCK_HELD') || isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
