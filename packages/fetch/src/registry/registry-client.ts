import { isRocketError, RocketError } from '@rocket/contracts'
import type { DockerReference } from '../docker-reference.ts'
import type { HttpClient, HttpResponse } from '../http/http-client.ts'
import { isLoopbackHost } from '../http/redirect-guard.ts'
import { readBody } from '../http/read-body.ts'

export interface RegistryOptions {
  http: HttpClient
  /** May plain http be used when https does not answer. */
  allowHttp: boolean
  /** Basic credentials for this registry, sent when it asks for them. */
  authorization: string | undefined
}

export interface RegistryClient {
  /** `what` is a tag or a digest. */
  getManifest(what: string): Promise<{ bytes: Buffer; contentType: string | undefined; announcedDigest: string | undefined }>
  /** Its bytes as they come; length and digest are for the caller to check. */
  getBlob(digest: string, signal?: AbortSignal): Promise<HttpResponse>
  /** Where things come from, for messages and records. */
  name: string
}

/** A registry may not make us hold more than this: what the distribution spec tells registries to accept. */
export const maxManifestBytes: number = 4 * 1024 * 1024

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/**
 * One repository of a registry, read through the distribution API. Anonymous first; a challenge for basic authentication is answered with
 * the configured credentials, over https or within this machine only. Throws REGISTRY_UNAUTHORIZED, REGISTRY_NOT_FOUND, REGISTRY_FAILED,
 * INSECURE_TRANSPORT, and what the http client throws. Spec: OCI distribution-spec, "Pull".
 */
export function createRegistryClient(reference: DockerReference, options: RegistryOptions): RegistryClient {
  const name = `${reference.registry}/${reference.repository}`
  const hostname = new URL(`https://${reference.registry}`).hostname
  let scheme: 'https' | 'http' | undefined
  let authorized = false

  const send = async (path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<HttpResponse> => {
    const authorization = authorized ? options.authorization : undefined
    const get = (by: 'https' | 'http'): Promise<HttpResponse> => options.http.get(
      `${by}://${reference.registry}/v2/${reference.repository}/${path}`, { headers, authorization, signal },
    )
    if (scheme !== undefined) return get(scheme)
    try {
      const response = await get('https')
      scheme = 'https'
      return response
    } catch (error) {
      if (!options.allowHttp && codeOf(error).startsWith('ERR_SSL')) throw onlyHttp(name, error)
      if (!options.allowHttp || !speaksNoTls(error)) throw error
      const response = await get('http')
      scheme = 'http'
      return response
    }
  }

  const get = async (path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<HttpResponse> => {
    let response = await send(path, headers, signal)
    if (response.status === 401 && !authorized) {
      response.discard()
      checkChallenge(response, name, options, scheme === 'https' || isLoopbackHost(hostname))
      authorized = true
      response = await send(path, headers, signal)
    }
    if (response.status === 200) return response
    response.discard()
    throw statusError(response, name, path, authorized)
  }

  return {
    name,
    getManifest: async (what) => {
      const response = await get(`manifests/${what}`, { accept: manifestTypes })
      const bytes = await readBody(response, maxManifestBytes)
      return { bytes, contentType: response.headers['content-type'], announcedDigest: response.headers['docker-content-digest'] }
    },
    getBlob: (digest, signal) => get(`blobs/${digest}`, { 'accept-encoding': 'identity' }, signal),
  }
}

/** A certificate that cannot be verified is no reason to go without any: that is what --insecure-options=tls says. */
function speaksNoTls(error: unknown): boolean {
  return isRocketError(error, 'REGISTRY_UNREACHABLE') && !/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(codeOf(error))
}

function codeOf(error: unknown): string {
  return isRocketError(error) && error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : ''
}

function onlyHttp(name: string, cause: unknown): RocketError {
  return new RocketError('INSECURE_TRANSPORT', {
    what: `${name} was not asked`, why: 'the registry does not speak https',
    hint: '--insecure-options=http allows plain http, which anyone on the way can read and change', cause,
  })
}

function checkChallenge(response: HttpResponse, name: string, options: RegistryOptions, mayAuthorize: boolean): void {
  const challenge = response.headers['www-authenticate'] ?? ''
  const scheme = /^\s*([A-Za-z]+)/.exec(challenge)?.[1]?.toLowerCase()
  if (scheme !== 'basic') {
    throw new RocketError('REGISTRY_UNAUTHORIZED', {
      what: `${name} cannot be read without logging in`,
      why: scheme === 'bearer' ? 'the registry gives out tokens, which are not supported yet' : 'it does not say how to log in',
      hint: 'copy the image into an OCI layout with another tool, and name that: oci:DIR[:TAG]',
    })
  }
  if (options.authorization === undefined) {
    throw new RocketError('REGISTRY_UNAUTHORIZED', {
      what: `${name} cannot be read without logging in`, why: 'no credentials are configured for this registry',
      hint: 'put them into a file of kind dockerAuth in /etc/rkt/auth.d',
    })
  }
  if (mayAuthorize) return
  throw new RocketError('REGISTRY_UNAUTHORIZED', {
    what: `the credentials for ${name} were not sent`, why: 'the connection is plain http, where anyone can read them',
    hint: 'use https; --insecure-options=tls accepts a certificate that cannot be verified',
  })
}

/** rkt's `bad HTTP status code: N`, with what it means. */
export function statusError(response: HttpResponse, name: string, path: string, authorized: boolean): RocketError {
  const why = `bad HTTP status code: ${response.status}`
  const what = `${path} of ${name} was not received`
  switch (response.status) {
    case 401: case 403:
      return new RocketError('REGISTRY_UNAUTHORIZED', {
        what, why,
        hint: authorized ? 'the configured credentials were refused: correct them in auth.d'
          : 'the registry allows it to other users only, or it does not exist',
      })
    case 404: return new RocketError('REGISTRY_NOT_FOUND', { what, why, hint: 'check the name and the tag' })
    default: return new RocketError('REGISTRY_FAILED', {
      what, why, hint: response.status >= 500 || response.status === 429 ? 'it may pass: try again later' : 'is this a registry?',
    })
  }
}
