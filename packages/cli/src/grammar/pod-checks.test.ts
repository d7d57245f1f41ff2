import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from './commands.ts'
import { parse } from './parse.ts'
import { findPodFlagConflict } from './pod-checks.ts'

for (const [line, conflict] of [
  ['a', undefined],
  ['--volume=v,kind=empty a --mount volume=v,target=/x', undefined],
  ['a --mount volume=v,target=/x', 'error parsing app image arguments: dangling mount point "/x": volume "v" not found'],
  ['a --caps-retain=CAP_KILL --caps-remove=CAP_CHOWN', 'error: cannot use both --caps-retain and --caps-remove on the same image'],
  ['--store-only --no-store a', 'both --store-only and --no-store specified'],
  ['--port=a:80 --net=none a', "--port flag does not work with 'none' networking"],
  ['--port=a:80 --net=host a', "--port flag does not work with 'host' networking"],
  [
    '--mds-register --net=none a',
    "--mds-register flag does not work with --net=none. Please use 'host', 'default' or an equivalent network",
  ],
  ['--pod-manifest=f', '--pod-manifest is not supported by this version'],
  ['--private-users a', '--private-users is not supported by this version'],
  ['--private-users=false a', undefined],
  ['a --stdin=tty', '--stdin is not supported by this version'],
  ['--pod-manifest=f a', 'conflicting flags set with --pod-manifest (see --help)'],
  ['--pod-manifest=f --store-only', 'conflicting flags set with --pod-manifest (see --help)'],
  ['--pod-manifest=f --port=a:80', 'conflicting flags set with --pod-manifest (see --help)'],
  ['--interactive a b', 'interactive option only supports one image'],
  ['--debug', 'must provide at least one image or specify the pod manifest'],
] as const) {
  test(`judges "run ${line}"`, () => {
    const parsed = parse(['run', ...line.split(' ')], commands)
    assert.equal(parsed.kind, 'invocation', JSON.stringify(parsed))
    if (parsed.kind === 'invocation') assert.equal(findPodFlagConflict(parsed.invocation), conflict)
  })
}
