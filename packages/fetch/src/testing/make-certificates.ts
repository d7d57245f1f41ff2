import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  directory: string
  /** Path of the authority's certificate. */
  authority: string
  /** For 127.0.0.1 and localhost; paths. */
  server: { cert: string; key: string }
  client: { cert: string; key: string }
}

/** An authority of our own, and what it signed, made by openssl. */
export function makeCertificates(directory: string): Certificates {
  mkdirSync(directory, { recursive: true })
  const run = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  run('req', '-x509', ...newKey, '-subj', '/CN=our authority', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.crt')
  const sign = (name: string, extensions: string): { cert: string; key: string } => {
    writeFileSync(join(directory, `${name}.ext`), extensions)
    run('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    run('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.cert`)
    return { cert: join(directory, `${name}.cert`), key: join(directory, `${name}.key`) }
  }
  return {
    directory, authority: join(directory, 'ca.crt'), server: sign('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n'),
    client: sign('client', 'extendedKeyUsage=clientAuth\n'),
  }
}

/** `certs.d/HOST` of a configuration directory, with what is given. */
export function installCertificates(config: string, host: string, { authority, client }: { authority?: string; client?: { cert: string; key: string } }): void {
  const directory = join(config, 'certs.d', host)
  mkdirSync(directory, { recursive: true })
  if (authority !== undefined) writeFileSync(join(directory, 'ca.crt'), readFileSync(authority))
  if (client === undefined) return
  writeFileSync(join(directory, 'client.cert'), readFileSync(client.cert))
  writeFileSync(join(directory, 'client.key'), readFileSync(client.key))
}
