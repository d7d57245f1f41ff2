import { RocketError } from '@rocket/contracts'
import type { HttpResponse } from './http-client.ts'

/** For archives, signatures and keys: rkt's `bad HTTP status code: N`. */
export function badStatus(response: HttpResponse): RocketError {
  const isRefused = response.status === 401 || response.status === 403
  const code = isRefused ? 'REGISTRY_UNAUTHORIZED' : response.status === 404 ? 'REGISTRY_NOT_FOUND' : 'REGISTRY_FAILED'
  return new RocketError(code, {
    what: `${response.from} was not received`, why: `bad HTTP status code: ${response.status}`,
    ...(isRefused ? { hint: 'credentials are files of kind auth in /etc/rkt/auth.d, sent over https only' } : {}),
  })
}
