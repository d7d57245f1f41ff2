import { existsSync } from 'node:fs'
import type { Images } from '../fixtures/images.ts'
import { flavor, withoutReference } from '../fixtures/reference.ts'
import type { Home } from '../program/home.ts'

export type ScenarioName =
  'fetch' | 'fetch layout' | 'prepare' | 'run' | 'run several' | 'run copied' | 'run on a network' | 'run fly' | 'run in shell' |
  'run-prepared' | 'gc' | 'image rm' | 'image gc' | 'image export' | 'store repair'

interface Scenario {
  /** Makes what the command needs. Its result goes into the command's words. */
  readonly before?: (home: Home, images: Images) => Promise<string>
  readonly words: (images: Images, made: string) => string[]
}

const unsigned = '--insecure-options=image'
const alone = [unsigned, '--net=none']
const briefly = ['--exec=/bin/sleep', '--', '0.2']
export const hasPlugins: boolean = ['/usr/lib/cni/ptp', '/opt/cni/bin/ptp'].some((path) => existsSync(path))

/** Commands worth killing. Images are named by file: whatever the store lacks is fetched first. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  fetch: { words: ({ exits }) => ['fetch', unsigned, exits] },
  'fetch layout': { words: ({ layout }) => ['fetch', unsigned, `oci:${layout}`] },
  prepare: { words: ({ data }) => ['prepare', unsigned, '--volume=data,kind=empty', data] },
  run: { words: ({ busybox }) => ['run', ...alone, busybox, ...briefly] },
  'run several': {
    words: ({ busybox, guest }) => ['run', ...alone, busybox, '--name=one', ...briefly, '---', guest, '--name=two', ...briefly],
  },
  'run copied': { words: ({ exits }) => ['run', ...alone, '--no-overlay', exits, ...briefly] },
  'run on a network': {
    words: ({ server }) => ['run', unsigned, hasPlugins ? `--port=talk:${nextPort()}` : '--net=host', server, ...briefly],
  },
  'run fly': { words: ({ busybox }) => ['run', unsigned, '--flavor=fly', busybox, ...briefly] },
  /** Where the flavor is foreign and cannot run, another pod of our own. */
  'run in shell': {
    words: ({ busybox }) => ['run', ...alone, ...(withoutReference === false ? [`--flavor=${flavor}`] : []), busybox, ...briefly],
  },
  'run-prepared': {
    before: async (home, { busybox }) => (await home.rkt(['prepare', '--quiet', unsigned, busybox, ...briefly])).stdout.trim(),
    words: (_, uuid) => ['run-prepared', '--net=none', uuid],
  },
  gc: {
    before: async (home, { busybox }) => (await home.rkt(['run', ...alone, busybox])).stdout,
    words: () => ['gc', '--grace-period=0s'],
  },
  'image rm': {
    before: async (home, { exits }) => (await home.rkt(['fetch', unsigned, exits])).stdout.trim(),
    words: (_, id) => ['image', 'rm', id],
  },
  'image gc': {
    words: () => ['image', 'gc'],
  },
  'image export': {
    before: async (home, { foreign }) => (await home.rkt(['fetch', unsigned, foreign])).stdout.trim(),
    words: (_, id) => ['image', 'export', '--overwrite', id, 'out.aci'],
  },
  'store repair': { words: () => ['store', 'check', '--repair'] },
}

export const scenarioNames: readonly ScenarioName[] = Object.keys(scenarios) as ScenarioName[]

let port = 20_000

/** Below the range that the kernel gives out by itself. */
function nextPort(): number {
  port = port >= 30_000 ? 20_000 : port + 1
  return port
}
