import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { isErrno, RocketError } from '@rocket/contracts'

/** Who vouches for a host, and who we are to it; PEM. */
export interface TlsMaterial {
  /** Where it was found, for messages. */
  source: string
  /** Beside the authorities that the machine trusts. */
  authorities: readonly string[]
  /** Chain and key, when the host wants to know who we are. */
  client?: { cert: string; key: string }
}

/** Where distributions keep what the machine trusts; the first that is there counts. */
const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem']

/**
 * Authorities: the machine's (SSL_CERT_FILE, or the distribution's bundle), Node's own, and those of `material`. Throws CONFIG_INVALID for
 * a certificate or key that cannot be used.
 */
export function makeSecureContext(material?: TlsMaterial): SecureContext {
  const ca = [...machineAuthorities(), ...getCACertificates('default'), ...material?.authorities ?? []]
  try {
    return createSecureContext({ ca, ...material?.client })
  } catch (cause) {
    if (material === undefined) throw cause
    // OpenSSL's words name no content of the files.
    throw new RocketError('CONFIG_INVALID', {
      what: `the certificates in ${material.source} cannot be used`, why: (cause as Error).message, cause,
      hint: '*.crt is an authority, NAME.cert and NAME.key are ours, all of them PEM',
    })
  }
}

function machineAuthorities(): string[] {
  const { SSL_CERT_FILE: chosen } = process.env
  for (const path of chosen === undefined || chosen === '' ? bundles : [chosen]) {
    try {
      return [readFileSync(path, 'utf8')]
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EACCES')) throw error
    }
  }
  return []
}
