import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'
import { join } from 'node:path'

/**
 * Packages from npm get a bundle each, `vendor/<package>.cjs`, which is loaded when a command first needs it. They are two thirds of
 * all code, quick commands use none of it, and reading it would cost each of them some milliseconds.
 */
export interface Vendor {
  readonly plugin: Plugin
  /** Bundles the packages that the plugin has met. */
  write(root: string, out: string, options: BuildOptions): Promise<void>
}

export function collectVendor(): Vendor {
  const met = new Map<string, string>()
  return {
    plugin: {
      name: 'vendor',
      setup({ onResolve }) {
        onResolve({ filter: /^[^./]/ }, ({ path, resolveDir, kind }) => {
          if (kind === 'entry-point' || path.startsWith('node:') || path.startsWith('@rocket/')) return undefined
          met.set(path, resolveDir)
          return { path: `./${fileOf(path)}`, external: true }
        })
      },
    },
    async write(root, out, options) {
      await Promise.all([...met].map(([path, resolveDir]) => build({
        ...options, absWorkingDir: root, stdin: { contents: `module.exports = require('${path}')`, resolveDir }, outfile: join(out, fileOf(path)),
      })))
    },
  }
}

function fileOf(specifier: string): string {
  return `vendor/${specifier.replaceAll('/', '-')}.cjs`
}
