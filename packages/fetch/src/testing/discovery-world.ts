import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ErrorCode, Request } from '@rocket/contracts'
import { listImages, openStore, type ListedImage } from '@rocket/store'
import { makePod } from './fetch-in.ts'
import { makeAci, makeLibrary } from './make-aci.ts'
import { runStage } from './run-stage.ts'
import { siteMissing, startSite, type Site, type SiteOptions } from './start-site.ts'

/** For tests that need a site. */
export const inNetwork: { skip?: string } = siteMissing === false ? {} : { skip: siteMissing }

export interface World {
  directory: string
  site: Site
  /** Puts an image on the site, by default where the usual template leads to. */
  put(manifest?: Record<string, unknown>, place?: string): void
  /** Puts images there that depend on each other. */
  putLibraries(dependencies: Readonly<Record<string, readonly string[]>>): void
  /** Runs the stage in the network of the site; `debug` is its standard error. */
  fetch(reference: string, request?: Partial<Request>): Promise<{ images: ListedImage[]; code: string; said: string; debug: string }>
}

export const arch: string = process.arch === 'arm64' ? 'aarch64' : 'amd64'
/** Where the images of a world lie. */
export const usualTemplate = 'https://dl.example.com/{name}-{version}-{os}-{arch}.{ext}'
export const metaTag = (content: string, name = 'ac-discovery'): string => `<meta name="${name}" content="${content}">`
export const labels = (version: string): { name: string; value: string }[] => [
  { name: 'version', value: version }, { name: 'os', value: 'linux' }, { name: 'arch', value: arch },
]

/** A site, and a store that fetches from it. */
export async function makeWorld(t: TestContext, options: Partial<SiteOptions> = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-discovery-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const site = await startSite(t, join(directory, 'site'), {
    hosts: ['example.com', 'dl.example.com', 'mirror.example.com', 'local.example.com'], ...options,
  })
  const store = join(directory, 'data/cas')
  mkdirSync(store, { recursive: true, mode: 0o700 })
  let serial = 0
  return {
    directory, site,
    put: (manifest = {}, place = `example.com/app-1.0-linux-${arch}.aci`) => {
      const aci = makeAci(directory, `${serial++}.aci`, { name: 'example.com/app', labels: labels('1.0'), ...manifest })
      copyFileSync(aci, site.file('dl.example.com', place))
    },
    putLibraries: (dependencies) => {
      site.page('example.com', metaTag('example.com https://dl.example.com/{name}.{ext}'))
      for (const [name, names] of Object.entries(dependencies)) {
        const aci = makeLibrary(directory, `example.com/${name}`, { [name]: name }, { dependencies: names.map((each) => ({ imageName: `example.com/${each}` })) })
        copyFileSync(aci, site.file('dl.example.com', `example.com/${name}.aci`))
      }
    },
    fetch: async (reference, request = {}) => {
      const pod = makePod(directory, [reference], { insecure: { image: true, tls: false, http: false, pubkey: false }, ...request })
      const environment = { ...site.environment, RKT_DEBUG: 'true', RKT_CONFIG_DIRS: ['system', 'local', 'user'].map((name) => join(directory, 'etc', name)).join(':') }
      const { stdout, stderr } = await runStage(pod, store, {
        before: [...site.through, 'env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
      })
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      const code = last.startsWith('{') ? (JSON.parse(last) as { code: ErrorCode }).code : ''
      return { images: listImages(openStore(store)), code, said: stdout, debug: stderr }
    },
  }
}

