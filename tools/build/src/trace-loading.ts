import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { extname, relative } from 'node:path'

/**
 * Bundles as `options` say, but every module first appends its path to the file named in ROCKET_LOADED. What a command
 * really loads is not what the imports look like: unused re-exports are dropped, lazy modules wait.
 */
export async function bundleTraced(root: string, options: BuildOptions): Promise<Metafile> {
  const result = await build({ ...options, absWorkingDir: root, metafile: true, plugins: [trace(root)] })
  return result.metafile
}

function trace(root: string): Plugin {
  return {
    name: 'trace-loading',
    setup({ onLoad }) {
      onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
        const line = JSON.stringify(`${relative(root, path)}\n`)
        const source = (await readFile(path, 'utf8')).replace(/^#!.*/, '')
        const loader = extname(path).endsWith('ts') ? 'ts' : 'js'
        return { contents: `require('node:fs').appendFileSync(process.env.ROCKET_LOADED, ${line});${source}`, loader }
      })
    },
  }
}
