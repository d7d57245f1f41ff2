/** What this machine can do, as `rkt doctor` tells it: `node packages/host/src/bin.ts [--json]`. */
import { probeMachine } from './doctor.ts'
import { writeOut } from './output.ts'

const probes = probeMachine()
if (process.argv.includes('--json')) {
  writeOut(`${JSON.stringify(probes, undefined, 2)}\n`)
} else {
  for (const { ok, level, name, found, hint } of probes) {
    const mark = ok ? 'ok     ' : level === 'required' ? 'MISSING' : 'absent '
    writeOut(`${mark}  ${name.padEnd(20)} ${found}${hint === undefined ? '' : `\n         ${hint}`}\n`)
  }
}
process.exitCode = probes.some((probe) => !probe.ok && probe.level === 'required') ? 1 : 0
