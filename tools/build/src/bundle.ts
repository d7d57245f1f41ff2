import { build } from 'esbuild'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { asidePlugin, bundleAsides } from './asides.ts'
import { entryScript } from './entry.ts'
import { nodeOptions } from './node-options.ts'
import { collectVendor } from './vendor.ts'

/**
 * One bundle for `rkt`, smaller ones for its commands that only look and for those that start pods (entry.ts), asides for what a warm pod
 * does not need, one for each package from npm that it uses,
 * and one for each stage (a package of that layer with `src/bin.ts`), as `stages/<package>`. Dynamic imports stay in the same file
 * and are evaluated when reached, so a command pays only for what it uses. Returns the modules used, relative to the root;
 * `meta.json` says what became of each.
 */
export async function bundlePrograms(root: string, out: string): Promise<string[]> {
  const vendor = collectVendor()
  const plugins = [asidePlugin(root), vendor.plugin]
  const main = await bundleMain(root, join(out, 'main.cjs'), plugins)
  await bundleMain(root, join(out, 'quick.cjs'), [doorsToWhole(looking), ...plugins])
  refuseResident((await bundleMain(root, join(out, 'run.cjs'), [doorsToWhole(starting), ...plugins])).metafile, 'packages/trust/')
  const asides = await bundleAsides(root, out, bundleOptions, vendor.plugin)
  requireAscii(out)
  await vendor.write(root, out, bundleOptions)
  writeFileSync(join(out, 'meta.json'), JSON.stringify(main.metafile))
  writeFileSync(join(out, 'rkt.cjs'), entryScript(nodeOptions(root)))
  writeFileSync(join(out, 'main.sha256'), `${createHash('sha256').update(readFileSync(join(out, 'main.cjs'))).digest('hex')}\n`)
  const stages = await Promise.all(findStages(root).map((name) => bundleStage(root, name, join(out, 'stages'))))
  // Modules that a plugin made up carry its name and a colon.
  return [...Object.keys(main.metafile.inputs), ...asides, ...stages.flat()].filter((input) => !input.includes(':'))
}

async function bundleMain(root: string, outfile: string, plugins: Plugin[]): Promise<{ metafile: Metafile }> {
  return build({ ...bundleOptions, absWorkingDir: root, entryPoints: ['packages/cli/src/main.ts'], outfile, plugins })
}

/** What is our own is read as such (entry.ts). */
function requireAscii(out: string): void {
  for (const file of readdirSync(out).filter((name) => name.endsWith('.cjs'))) {
    if (readFileSync(join(out, file)).every((byte) => byte < 128)) continue
    throw new Error(`${file} is not ASCII: write such characters as escapes, in regular expressions too`)
  }
}

/** What is in `run.cjs` stays in memory with every pod. */
function refuseResident({ inputs }: Metafile, prefix: string): void {
  const found = Object.keys(inputs).find((input) => input.startsWith(prefix))
  if (found !== undefined) throw new Error(`run.cjs would contain ${found}: load it through a module of asides.ts`)
}

const starting: ReadonlySet<string> = new Set(['run', 'prepare', 'run-prepared'])
const looking: ReadonlySet<string> = new Set(['version', 'help', 'list', 'status', 'image-list', 'image-cat-manifest', 'cat-manifest', 'completion'])

/** In the smaller bundles, the other commands are a door to the whole one, which begins again from the command line. */
function doorsToWhole(own: ReadonlySet<string>): Plugin {
  return {
    name: 'doors-to-whole',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /commands\/[a-z-]+\.ts$/ }, ({ path, kind }) =>
        kind === 'dynamic-import' && !own.has(basename(path, '.ts')) ? { path, namespace: 'door' } : undefined)
      onLoad({ filter: /./, namespace: 'door' }, () => ({
        contents: 'export function run() { globalThis.rocketRunWhole(); return new Promise(() => {}) }', loader: 'js',
      }))
    },
  }
}

function findStages(root: string): string[] {
  return readdirSync(join(root, 'packages')).filter((name) => {
    const directory = join(root, 'packages', name)
    return existsSync(join(directory, 'src/bin.ts')) && readFileSync(join(directory, 'package.json'), 'utf8').includes('"layer:stage"')
  })
}

/** An ES module, as a program awaits at its top level, and a script that runs it with the pinned Node. */
async function bundleStage(root: string, name: string, out: string): Promise<string[]> {
  const { metafile } = await build({
    ...bundleOptions, ...moduleOptions, absWorkingDir: root, entryPoints: [`packages/${name}/src/bin.ts`], outfile: join(out, `${name}.mjs`),
  })
  writeFileSync(join(out, name), stageScript(name))
  chmodSync(join(out, name), 0o755)
  return Object.keys(metafile.inputs)
}

function stageScript(name: string): string {
  return `#!/bin/sh
self=$0
[ -L "$self" ] && self=$(readlink -f -- "$self")
here=\${self%/*}
exec "$here/../../node_modules/node-linux-${process.arch}/bin/node" "$here/${name}.mjs" "$@"
`
}

export const bundleOptions: BuildOptions & { metafile: true } = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  // A package from npm that is loaded when it is needed is required: Node's import of a script finds no names in it.
  supported: { 'dynamic-import': false },
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // A CJS file has no import.meta. The directory is the build's for every program, as they share the native part.
  define: {
    'import.meta.dirname': '__build', 'import.meta.filename': '__filename', 'import.meta.url': '__bundleUrl',
    // Only entry points are run, and those (main.ts, bin.ts) do not ask.
    'import.meta.main': 'false',
  },
  banner: { js: 'const __build=__dirname,__bundleUrl=`file://${encodeURI(__filename)}`;' },
}

const moduleOptions = {
  format: 'esm',
  supported: {},
  define: { 'import.meta.dirname': '__build', 'import.meta.main': 'false' },
  banner: {
    js: [
      'import{createRequire as __createRequire}from"node:module";',
      'const require=__createRequire(import.meta.url),__build=import.meta.dirname.replace(/\\/stages$/,"");',
    ].join(''),
  },
} satisfies BuildOptions
