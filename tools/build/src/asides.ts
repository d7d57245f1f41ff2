import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'
import { basename, dirname, join, relative } from 'node:path'

/**
 * Modules that a warm pod never reaches, by path from the root: bundles of their own, `aside-<name>.cjs`, loaded where they are imported. What
 * they share with the main bundles is in both, so nothing may depend on its identity (errors are known by a mark).
 */
const asideModules: readonly string[] = [
  'packages/fetch/src/fetch-images.ts', 'packages/fetch/src/copy/copy.ts', 'packages/fetch/src/keys/keys.ts', 'packages/store/src/sweep.ts',
  'packages/image/src/index.ts',
  // The program of a thread, which is found by this name.
  'packages/image/src/threads/unpack-thread.ts',
]

/** For the main bundles: a dynamic import of an aside becomes a `require` of its file. */
export function asidePlugin(root: string): Plugin {
  return {
    name: 'aside',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^[.@]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
        if (kind !== 'dynamic-import' || pluginData === 'aside') return undefined
        const found = await resolve(path, { importer, resolveDir, kind, pluginData: 'aside' })
        const module = relative(root, found.path)
        return asideModules.includes(module) ? { path: nameOf(module), namespace: 'aside' } : found
      })
      onLoad({ filter: /./, namespace: 'aside' }, ({ path }) => ({ contents: `module.exports = require('./aside-${path}.cjs')`, loader: 'js' }))
      onResolve({ filter: /^\.\/aside-/ }, ({ path }) => ({ path, external: true }))
    },
  }
}

export async function bundleAsides(root: string, out: string, options: BuildOptions, vendor: Plugin): Promise<string[]> {
  const results = await Promise.all(asideModules.map((module) => build({
    ...options, absWorkingDir: root, entryPoints: [module], outfile: join(out, `aside-${nameOf(module)}.cjs`), plugins: [vendor],
  })))
  return results.flatMap((result) => Object.keys(result.metafile?.inputs ?? {}))
}

/** `fetch-images`, and `image` for the face of a package. */
function nameOf(module: string): string {
  const name = basename(module, '.ts')
  return name === 'index' ? basename(dirname(dirname(module))) : name
}
