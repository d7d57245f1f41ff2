import { isRocketError, RocketError } from '@rocket/contracts'
import { HandoffFiles } from '@rocket/host'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { startFlags } from '../grammar/flags/pod.ts'
import { findPod } from '../pods/locate.ts'
import { within } from '../print/context.ts'
import { checkChain } from '../road/check-chain.ts'
import { releasePod, takePod, type OwnedPod } from '../road/pod-directory.ts'
import { openRoad, type Surroundings } from '../road/prepare-pod.ts'
import { planStartRequest } from '../road/requests.ts'
import type { Road } from '../road/run-verb.ts'
import { startPod } from '../road/start-pod.ts'
import { surroundingsOf } from '../road/surroundings.ts'
import { endAs } from './run.ts'

/** `rkt run-prepared`: of two that run the same pod one wins; the other is told that it cannot. */
export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation.flags)
  const around = surroundingsOf(settings, invocation.flags)
  const found = within('cannot get pod', () => findPod(settings.dataDirectory, invocation.positionals[0] ?? ''))
  if (found.state !== 'prepared') throw notPrepared(found.uuid, `it is ${found.state}`)
  const pod = take(settings.dataDirectory, found.uuid)
  const road = openChecked(pod, around)
  const request = planStartRequest(invocation, settings, pod.uuid)
  const apps = new HandoffFiles(pod.directory).apps()
  if (invocation.flags.get(startFlags.interactive) && apps.length > 1) {
    throw new RocketError('USAGE', { what: 'interactive option only supports pods with one app', why: `this one has ${apps.join(', ')}` })
  }
  return endAs(await startPod({ pod, road, unpacked: false }, request, around))
}

/** Since it was prepared anybody could have reached it: every hand-off is compared before anything is done with the pod. */
function openChecked(pod: OwnedPod, around: Surroundings): Road {
  try {
    const road = openRoad(pod, around)
    checkChain(road)
    return road
  } catch (error) {
    releasePod(pod)
    throw error
  }
}

function take(dataDirectory: string, uuid: string): OwnedPod {
  try {
    return takePod(dataDirectory, uuid, 'prepared')
  } catch (error) {
    if (isRocketError(error, 'LOCK_HELD')) throw notPrepared(uuid, 'another command is working on it')
    throw error
  }
}

function notPrepared(uuid: string, why: string): RocketError {
  return new RocketError('POD_WRONG_STATE', { what: `pod "${uuid}" is not prepared`, why, hint: 'prepare a pod with `rkt prepare`; `rkt list` shows what is there' })
}
