import { build } from 'esbuild'
import type { BuildOptions, Metafile } from 'esbuild'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One bundle for `rkt`, one for each package that is also a program (`src/bin.ts`). Dynamic imports stay in the same
 * file and are evaluated when reached, so a command pays only for what it uses.
 * Writes `meta.json`, from which the eager imports are checked; returns the modules used, relative to the root.
 */
export async function bundlePrograms(root: string, out: string): Promise<string[]> {
  const main = await bundle(root, 'packages/cli/src/main.ts', join(out, 'main.cjs'))
  writeFileSync(join(out, 'meta.json'), JSON.stringify(main))
  writeFileSync(join(out, 'rkt.cjs'), entry)
  const inputs = Object.keys(main.inputs)
  for (const name of readdirSync(join(root, 'packages'))) {
    const program = `packages/${name}/src/bin.ts`
    if (!existsSync(join(root, program))) continue
    inputs.push(...Object.keys((await bundle(root, program, join(out, 'stages', `${name}.cjs`))).inputs))
  }
  return inputs
}

/** The compile cache must be on before the main bundle is read; a portable one survives the move into dist/. */
const entry = `'use strict'
require('node:module').enableCompileCache({ directory: __dirname + '/compile-cache', portable: true })
require('./main.cjs')
`

async function bundle(root: string, from: string, to: string): Promise<Metafile> {
  const result = await build({ ...bundleOptions, absWorkingDir: root, entryPoints: [from], outfile: to })
  return result.metafile
}

export const bundleOptions: BuildOptions & { metafile: true } = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
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
  banner: { js: 'const __build=__dirname.replace(/\\/stages$/,""),__bundleUrl=`file://${encodeURI(__filename)}`;' },
}
