import { isRocketError, parseGuestRequest, RocketError, type GuestAnswer, type GuestRequest } from '@rocket/contracts/guest'

/** One line in, its answer out. What a handler throws that is no error of ours is a bug, and is said to be one. */
export function answerLine(line: string, handle: (request: GuestRequest) => void): GuestAnswer {
  let id = 0
  try {
    id = idOf(line)
    handle(parseGuestRequest(line))
    return { id, ok: true }
  } catch (error) {
    return refusal(id, isRocketError(error) ? error : new RocketError('INTERNAL', { what: 'the agent went wrong', why: (error as Error).message }))
  }
}

export function refusal(id: number, { code, what, why }: RocketError): GuestAnswer {
  return { id, ok: false, error: { code, what: what.slice(0, longest), ...(why === undefined ? {} : { why: why.slice(0, longest) }) } }
}

const longest = 4096

/** Also of a request that is refused for another field, so that its sender is told. */
function idOf(line: string): number {
  try {
    const id = (JSON.parse(line) as { id?: unknown } | null)?.id
    return Number.isSafeInteger(id) && (id as number) > 0 ? (id as number) : 0
  } catch {
    return 0
  }
}
