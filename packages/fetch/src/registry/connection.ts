import { isRocketError, RocketError } from '@rocket/contracts'
import type { HttpClient, HttpResponse, HttpSending } from '../http/http-client.ts'
import { checkRedirect, isLoopbackHost } from '../http/redirect-guard.ts'
import { causeCode, isCertificateFault } from '../http/transfer-error.ts'
import type { Access, Authenticator } from './authenticate.ts'

export interface ConnectionOptions {
  http: HttpClient
  /** `HOST[:PORT]`. */
  registry: string
  repository: string
  /** May plain http be used when https does not answer. */
  allowHttp: boolean
  authenticator: Authenticator
}

export interface Sending {
  method?: HttpSending['method']
  headers?: Readonly<Record<string, string>>
  /** Made anew for each attempt. */
  body?: () => NonNullable<HttpSending['body']>
  access?: Access
  signal?: AbortSignal | undefined
}

/** One repository of one registry, with the scheme it speaks and the login it wanted. */
export interface Connection {
  /** `HOST[:PORT]/REPOSITORY`, for messages. */
  readonly name: string
  /**
   * `path` is below `/v2/REPOSITORY/`, or a URL that the registry named; another host than the registry's gets no login. Any status but
   * 401.
   */
  send(path: string | URL, sending?: Sending): Promise<HttpResponse>
  /** Where a Location header of the registry leads. Throws REGISTRY_ANSWER_INVALID, REGISTRY_REDIRECT_REFUSED. */
  locate(location: string | undefined): URL
}

/** Throws REGISTRY_UNAUTHORIZED, INSECURE_TRANSPORT, and what the http client and the token server throw. */
export function createConnection(options: ConnectionOptions): Connection {
  const { http, registry, repository, allowHttp, authenticator } = options
  const name = `${registry}/${repository}`
  let scheme: 'https' | 'http' | undefined
  const base = (by: 'https' | 'http'): string => `${by}://${registry}/v2/${repository}/`

  const dispatch = async (path: string | URL, sending: Sending, authorization: string | undefined): Promise<HttpResponse> => {
    const { method = 'GET', headers = {}, body, signal } = sending
    const sendBy = (by: 'https' | 'http'): Promise<HttpResponse> => http.send(
      path instanceof URL ? path.href : base(by) + path, {
        method, headers, authorization, signal, allowHttp, body: body?.(), ...(path instanceof URL ? { namedBy: base(by) } : {}),
      },
    )
    if (scheme !== undefined) return sendBy(scheme)
    try {
      const response = await sendBy('https')
      scheme = 'https'
      return response
    } catch (error) {
      if (!allowHttp && causeCode(error).startsWith('ERR_SSL')) throw onlyHttp(name, error)
      if (!allowHttp || !isRocketError(error, 'REGISTRY_UNREACHABLE') || isCertificateFault(error)) throw error
      const response = await sendBy('http')
      scheme = 'http'
      return response
    }
  }

  return {
    name,
    send: async (path, sending = {}) => {
      const access = sending.access ?? 'pull'
      const isElsewhere = path instanceof URL && path.host !== new URL(base('https')).host
      if (isElsewhere) return dispatch(path, sending, undefined)
      for (let attempt = 1; ; attempt += 1) {
        const startedAtMs = Date.now()
        const sent = await authenticator.authorization(access)
        const response = await dispatch(path, sending, sent)
        if (response.status !== 401) return response
        response.discard()
        const origin = new URL(base(scheme ?? 'https')).origin
        await authenticator.challenged(response, { origin, access, sent, startedAtMs })
        if (attempt === 3) {
          throw new RocketError('REGISTRY_UNAUTHORIZED', { what: `${name} cannot be used`, why: 'bad HTTP status code: 401, again and again' })
        }
      }
    },
    locate: (location) => {
      const from = new URL(base(scheme ?? 'https'))
      if (location !== undefined) return checkRedirect(from, location, { allowHttp: scheme === 'http', fromLocal: isLoopbackHost(from.hostname) })
      throw new RocketError('REGISTRY_ANSWER_INVALID', { what: `${name} did not say where to go on`, why: 'its answer has no Location' })
    },
  }
}

function onlyHttp(name: string, cause: unknown): RocketError {
  return new RocketError('INSECURE_TRANSPORT', {
    what: `${name} was not asked`, why: 'the registry does not speak https',
    hint: '--insecure-options=http allows plain http, which anyone on the way can read and change', cause,
  })
}
