import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { outsideNames } from '@rocket/contracts'
import { cgroupProcs, findCgroups, native, readMounts } from '@rocket/host'
import type { PodFixture } from './fixture/pod-fixture.ts'

/**
 * Everything of a pod that is outside its directory, in words; a pod that has ended and was destroyed has none. Waits a moment for the
 * dying.
 */
export function findLeftovers(fixture: PodFixture): string[] {
  for (let tries = 0; ; tries++) {
    const found = look(fixture)
    if (found.length === 0 || tries === 50) return found
    native().poll([], [], 20)
  }
}

function look({ uuid, directory }: PodFixture): string[] {
  return [
    ...readMounts().filter(
      (mount) => mount.mountPoint.includes(uuid) || mount.mountPoint.startsWith(directory)
    ).map((mount) => `mount ${mount.mountPoint}`),
    ...findCgroups(outsideNames.cgroupPrefix(uuid)).map((path) => `cgroup ${path} with ${cgroupProcs(basename(path)).length} processes`),
    ...(
      existsSync(outsideNames.runDirectory(uuid)) ? [
        `${outsideNames.runDirectory(uuid)}: ${readdirSync(outsideNames.runDirectory(uuid)).join(' ')}`,
      ] : []
    ),
    ...processesOf(uuid, directory),
  ]
}

/** Processes whose arguments, working directory, root or cgroup name the pod. One that is dead and not reaped does not count. */
function processesOf(uuid: string, directory: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    const text = (file: string): string => attempt(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'))
    const link = (file: string): string => attempt(() => readlinkSync(`/proc/${pid}/${file}`))
    if (/^\d+ \(.*\) [ZX] /s.test(text('stat'))) return []
    const says = [
      text('cmdline'), text('cgroup'), link('cwd'), link('root'),
    ].filter((said) => said.includes(uuid) || said.includes(directory))
    return says.length === 0 ? [] : [`process ${pid}: ${text('cmdline').replaceAll('\0', ' ')}`]
  })
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
