import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { runProgram } from '@rocket/host'
import type { Invocation } from '../grammar/command.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { useQuickExit } from '../print/quick-exit.ts'
import { writeOut } from '../print/write.ts'
import { findCheckout } from '../quickstart/checkout.ts'
import { makeRootfs, quickstartManifest } from '../quickstart/first-image.ts'
import { requireRuntime } from '../quickstart/runtime.ts'

/**
 * `rkt quickstart`: the whole road once, with the commands that a user would type, each printed before it is run. Can be repeated.
 * Everything it makes lies in `.rocket/quickstart` of the checkout, or of the current directory where there is none.
 */
export function run({ flags }: Invocation): number {
  useQuickExit()
  requireRuntime()
  const base = findCheckout() ?? process.cwd()
  const directory = shownPath(join(base, '.rocket/quickstart'))
  const dataDirectory = flags.isSet(globalFlags.dir) ? flags.get(globalFlags.dir) : `${directory}/data`
  prepareFiles(directory)
  say('An image, from a directory and a manifest:')
  rkt([
    'image',
    'build',
    `--rootfs=${directory}/rootfs`,
    `--manifest=${directory}/manifest.json`,
    `--output=${directory}/hello.aci`,
    '--overwrite',
  ])
  const dir = `--dir=${dataDirectory}`
  say('A pod of it. The image is not signed, and the pod needs no network:')
  rkt([dir, 'run', '--insecure-options=image', '--net=none', `--uuid-file-save=${directory}/uuid`, `${directory}/hello.aci`, '--', 'world'])
  const uuid = readFileSync(join(directory, 'uuid'), 'utf8').slice(0, 8)
  say('The pod has ended; its directory is still there:')
  rkt([dir, 'list'])
  rkt([dir, 'status', uuid])
  say('Which stages it went through, what each read and wrote, and whether that is still as they left it:')
  rkt([dir, 'trace', uuid])
  say('And away with it:')
  // In a data directory that is not ours alone, gc would collect the pods of others, too.
  rkt(flags.isSet(globalFlags.dir) ? [dir, 'rm', uuid] : [dir, 'gc', '--grace-period=0s'])
  say(`That was the whole road. '${programName()} help' lists the commands; ${directory} holds the image.`)
  return 0
}

function prepareFiles(directory: string): void {
  for (const name of ['rootfs', 'manifest.json', 'hello.aci', 'uuid']) rmSync(join(directory, name), { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  makeRootfs(directory)
  writeFileSync(join(directory, 'manifest.json'), `${JSON.stringify(quickstartManifest(), undefined, 2)}\n`)
}

function say(text: string): void {
  writeOut(`\n# ${text}\n`)
}

const limitMs = 60_000

/** Runs this same program. */
function rkt(args: readonly string[]): void {
  writeOut(`$ ${programName()} ${args.join(' ')}\n`)
  const result = runProgram(process.execPath, [process.argv[1] ?? '', ...args], {
    stdout: 'inherit',
    stderr: 'inherit',
    timeoutMs: limitMs,
  })
  if (result.exitCode === 0) return
  const end = result.timedOut
    ? `it did not end within ${limitMs / 1000} s`
    : `its exit status is ${result.exitCode ?? `128+${result.signal}`}`
  throw new RocketError('PROGRAM_FAILED', {
    what: `'rkt ${args.join(' ')}' failed`,
    why: end,
    hint: `what it said stands above; '${programName()} doctor' tells what this machine lacks`,
  })
}

/** How the user calls us: by the launcher of a checkout, or as an installed program. */
function programName(): string {
  const checkout = findCheckout()
  if (checkout === undefined) return 'rkt'
  return checkout === process.cwd() ? './rkt' : join(checkout, 'rkt')
}

/** As a user would write it: relative where it lies below the current directory. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') ? path : short
}
