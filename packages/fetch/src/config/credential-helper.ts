import { RocketError } from '@rocket/contracts'
import { runProgram } from '@rocket/host'
import type { Login } from '../registry/login.ts'

const patienceMs = 20_000
const maxAnswerBytes = 64 * 1024

/**
 * What `docker-credential-NAME get` knows of a server; undefined when it says that it knows nothing. A user `<token>` means an identity
 * token. Throws CONFIG_INVALID, PROGRAM_MISSING; its output is never repeated. Reference: docker, "Credential helper protocol".
 */
export function askHelper(name: string, server: string): Login | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw failed(name.slice(0, 64), 'its name is no name of a program')
  const result = runProgram(`docker-credential-${name}`, ['get'], {
    input: server, timeoutMs: patienceMs, maxOutputBytes: maxAnswerBytes, stderr: 'ignore',
  })
  if (result.timedOut) throw failed(name, `it did not answer within ${patienceMs / 1000} s`)
  const text = result.stdout.toString('utf8').trim()
  if (result.exitCode !== 0) {
    if (/credentials not found/i.test(text)) return undefined
    throw failed(name, `it ended with ${result.exitCode ?? `signal ${result.signal}`}`)
  }
  const { Username: user, Secret: secret } = parse(text) ?? {}
  if (typeof user !== 'string' || typeof secret !== 'string' || secret === '' || /[\r\n\0]/.test(user + secret)) {
    throw failed(name, 'its answer is not what the protocol says')
  }
  return user === '<token>' ? { kind: 'identity', token: secret } : { kind: 'basic', user, password: secret }
}

function parse(text: string): { Username?: unknown; Secret?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function failed(name: string, why: string): RocketError {
  return new RocketError('CONFIG_INVALID', {
    what: `the credential helper docker-credential-${name} gave nothing`, why,
    hint: 'run it by hand, or put the credentials into a file of kind dockerAuth in /etc/rkt/auth.d',
  })
}
