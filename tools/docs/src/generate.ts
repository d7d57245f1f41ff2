/**
 * generate.ts [--check]: writes the pages that are made from code. With `--check` nothing is written, and a page that is
 * missing, different or no longer made is an error.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeCommandPages } from './command-pages.ts'
import { makeContractPages } from './contract-pages.ts'
import { makeErrorPage } from './error-page.ts'
import { makePackageGraph } from './package-graph.ts'

/** Text by path, relative to the root. */
export type Pages = ReadonlyMap<string, string>

/** In these directories every page is ours: one that is no longer made goes. */
const ownedFiles = 'docs/{contracts,commands}/**/*.{md,json}'

const root = join(import.meta.dirname, '../../..')
const pages: Pages = new Map([...makeErrorPage(root), ...makeContractPages(root), ...makeCommandPages(), ...makePackageGraph(root)])
const stale = globSync(ownedFiles, { cwd: root }).filter((path) => !pages.has(path))
const drifted = [...pages].filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text)

if (process.argv.includes('--check')) {
  for (const [path] of drifted) console.error(`${path} is not what the code says`)
  for (const path of stale) console.error(`${path} describes nothing that exists`)
  if (drifted.length + stale.length > 0) {
    console.error('run: npm run docs')
    process.exitCode = 1
  } else {
    console.log(`${pages.size} generated pages are up to date`)
  }
} else {
  for (const path of stale) rmSync(join(root, path))
  for (const [path, text] of drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}
