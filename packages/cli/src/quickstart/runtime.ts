import { RocketError } from '@rocket/contracts'
import { findProgram } from '@rocket/host'
import { writeOut } from '../print/write.ts'
import { runApt } from './apt.ts'

const runtimes = ['crun', 'runc']

/** Pods of the default flavor need an OCI runtime. Root gets one from the distribution, which is said before it is done. */
export function requireRuntime(): void {
  const isRoot = process.geteuid?.() === 0
  const missing = !runtimes.some((name) => findProgram(name) !== undefined)
  if (missing && isRoot && findProgram('apt-get') !== undefined) {
    writeOut('\n# No OCI runtime is installed. This installs crun from the distribution:\n')
    const words = ['install', '-y', '--no-install-recommends', 'crun']
    writeOut(`$ apt-get ${words.join(' ')}\n`)
    runApt(words, { isLoud: true })
  }
  const stillMissing = missing && !runtimes.some((name) => findProgram(name) !== undefined)
  if (!isRoot) {
    const also = missing ? ', and install an OCI runtime first: apt-get install crun' : ''
    throw new RocketError('NOT_ROOT', { what: 'pods can be run by root only', hint: `run it as root${also}` })
  }
  if (stillMissing)
    throw new RocketError('PROGRAM_MISSING', {
      what: 'no OCI runtime is installed',
      hint: 'install crun or runc with your package manager',
    })
}
