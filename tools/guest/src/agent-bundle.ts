import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

export interface Agent {
  script: Buffer
  init: Buffer
}

/** The agent as one module for QuickJS, whose own modules stay imports. */
export async function bundleAgent(root: string): Promise<Agent> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'packages/guest/src/agent.ts')], bundle: true, format: 'esm', platform: 'neutral', target: 'es2023', external: ['os', 'std'],
    minify: true, write: false, absWorkingDir: root, logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild wrote nothing')
  return { script: Buffer.from(file.contents), init: readFileSync(join(root, 'packages/guest/init.sh')) }
}
