import { RocketError } from '@rocket/contracts'
import { readFileCapped, syscallError } from '@rocket/host'
import { largestKeyBytes } from '@rocket/trust'
import type { HttpClient } from '../http/http-client.ts'
import { readBody } from '../http/read-body.ts'

export interface KeyReading {
  http: Pick<HttpClient, 'get'>
  /** `--insecure-allow-http`. */
  allowHttp: boolean
}

/** A key from a file or an http(s) URL. Throws KEY_INVALID, INSECURE_TRANSPORT, REGISTRY_*, SYSCALL_FAILED. */
export async function readKeyAt(location: string, { http, allowHttp }: KeyReading): Promise<Buffer> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) return readKeyFile(location)
  if (scheme !== 'http' && scheme !== 'https') {
    throw new RocketError('KEY_INVALID', { what: `the key ${location} was not read`, why: 'only local files and http or https URLs supported' })
  }
  if (scheme === 'http' && !allowHttp) {
    throw new RocketError('INSECURE_TRANSPORT', {
      what: `the key ${location} was not read`, why: '--insecure-allow-http required for http URLs', hint: 'use https: whoever changes a key on the way is trusted from then on',
    })
  }
  const response = await http.get(location)
  if (response.status === 200) return readBody(response, largestKeyBytes)
  response.discard()
  throw new RocketError('REGISTRY_FAILED', { what: `the key ${response.from} was not received`, why: `bad HTTP status code: ${response.status}` })
}

function readKeyFile(path: string): Buffer {
  try {
    return readFileCapped(path, largestKeyBytes)
  } catch (error) {
    throw syscallError(error, `the key ${path} cannot be read`)
  }
}
