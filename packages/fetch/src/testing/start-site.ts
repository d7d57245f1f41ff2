import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TestContext } from 'node:test'

export interface Site {
  /** Words that put a command into the network where the site is. */
  through: readonly string[]
  /** What its clients must have in their environment, to trust it. */
  environment: Readonly<Record<string, string>>
  /** What `https://NAME?ac-discovery=1` answers. */
  page(name: string, html: string): void
  /** Where to put what `https://HOST/PATH` answers. */
  file(host: string, path: string): string
  /** URLs that were asked for since the last time, in order. */
  requests(): string[]
}

export interface SiteOptions {
  /** They resolve to an address of a network that exists nowhere else; `local.` ones to 127.0.0.1. */
  hosts: readonly string[]
  /** Lines for nginx's server, as `location = /x { return 302 https://…; }`. */
  lines?: readonly string[]
  /** Nobody listens on 443. */
  plain?: boolean
}

/** Why sites cannot be started here, or false. */
export const siteMissing: string | false = process.geteuid?.() !== 0 ? 'needs root: it makes a network of its own'
  : existsSync('/usr/sbin/nginx') ? false : 'needs nginx: apt-get install nginx-core'

const address = '198.51.100.1'

/**
 * nginx on the ports that names of images mean, 443 and 80, with certificates of an authority of its own: in a network and with an
 * /etc/hosts that only its clients see. Ended with the test.
 */
export async function startSite(t: Pick<TestContext, 'after'>, directory: string, options: SiteOptions): Promise<Site> {
  const at = (...parts: string[]): string => {
    const path = join(directory, ...parts)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
  makeCertificates(at('tls/ca.crt'), options.hosts)
  const hosts = options.hosts.map((host) => `${host.startsWith('local.') ? '127.0.0.1' : address} ${host}\n`)
  writeFileSync(at('hosts'), `127.0.0.1 localhost\n${hosts.join('')}`)
  for (const name of ['tmp/x', 'www/x', 'pages/x']) at(name)
  writeFileSync(at('nginx.conf'), configure(directory, options))
  const steps = [
    'mount --make-rprivate /', 'ip link set lo up', `ip addr add ${address}/32 dev lo`, `mount --bind ${directory}/hosts /etc/hosts`,
    `exec nginx -p ${directory} -e ${directory}/error.log -c ${directory}/nginx.conf`,
  ]
  const child = spawn('unshare', ['--net', '--mount', 'sh', '-ec', steps.join('\n')], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (let attempt = 0; !existsSync(join(directory, 'nginx.pid')); attempt += 1) {
    if (attempt === 200 || child.exitCode !== null) throw new Error('nginx did not start')
    await setTimeout(20)
  }
  let read = 0
  return {
    through: ['nsenter', `--target=${child.pid}`, '--net', '--mount'],
    environment: { SSL_CERT_FILE: join(directory, 'tls/ca.crt') },
    page: (name, html) => {
      const slash = name.indexOf('/')
      writeFileSync(at('pages', slash === -1 ? `${name}/.html` : `${name}.html`), html)
    },
    file: (host, path) => at('www', host, path),
    requests: () => {
      const lines = readFileSync(join(directory, 'access.log'), 'utf8').split('\n').filter((line) => line !== '')
      const fresh = lines.slice(read)
      read = lines.length
      return fresh
    },
  }
}

function makeCertificates(ca: string, hosts: readonly string[]): void {
  const directory = dirname(ca)
  const openssl = (...words: string[]): void => void execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' })
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=Authority of the tests', '-keyout', 'ca.key', '-out', 'ca.crt')
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=site', '-keyout', 'site.key', '-out', 'site.csr')
  writeFileSync(join(directory, 'names'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`)
  openssl('x509', '-req', '-in', 'site.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'names', '-out', 'site.crt')
}

function configure(directory: string, { lines = [], plain = false }: SiteOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/tmp/${kind};`)
  return `
daemon off; master_process off; pid ${directory}/nginx.pid;
events {}
http {
  ${temporary.join(' ')}
  default_type text/html;
  map $args $place { default www; ac-discovery=1 pages; }
  map $place $suffix { www ''; pages .html; }
  log_format asked '$scheme://$host$request_uri';
  access_log ${directory}/access.log asked;
  server {
    ${plain ? '' : `listen *:443 ssl; ssl_certificate ${directory}/tls/site.crt; ssl_certificate_key ${directory}/tls/site.key;`}
    listen *:80;
    root ${directory};
    ${lines.join('\n    ')}
    location / { try_files /$place/$host$uri$suffix =404; }
  }
}
`
}
