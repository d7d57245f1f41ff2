import { closeSync } from 'node:fs'
import { native, openNamespace, runProgram, spawn } from '@rocket/host'
import { makePod, run, type TestPod } from './world.testing.ts'

/** Programs that answer with the address they were asked from; PORT and HOST are put in. */
export const answerTcp: string = `require('node:net').createServer((c) => { c.on('error', () => {}); c.end('from ' + c.remoteAddress) })
  .listen(PORT, HOST, () => console.log('up'))`
export const answerUdp: string = `require('node:dgram').createSocket('udp4')
  .on('message', function (m, from) { this.send('from ' + from.address, from.port, from.address) })
  .bind(PORT, HOST, () => console.log('up'))`

/** A machine on a wire of its own to the host: 10.99.0.2 and 10.99.0.1. */
export function makeNeighbour(base: string): { pid: number; kill: () => void } {
  const pod = makePod(base, { mode: 'none' })
  run('ip', 'link', 'add', 'wire0', 'type', 'veth', 'peer', 'name', 'wire1', 'netns', String(pod.holder))
  run('ip', 'addr', 'add', '10.99.0.1/24', 'dev', 'wire0')
  run('ip', 'link', 'set', 'wire0', 'up')
  pod.inside('ip', 'addr', 'add', '10.99.0.2/24', 'dev', 'wire1')
  pod.inside('ip', 'link', 'set', 'wire1', 'up')
  return { pid: pod.holder, kill: () => { pod.kill(); run('ip', 'link', 'del', 'wire0') } }
}

export function serve(pod: TestPod, program: string, port: number): number {
  return serveIn(pod.holder, program, port)
}

export function serveIn(pid: number, program: string, port: number): number {
  const [read, write] = native().pipe()
  const fd = openNamespace(pid, 'net')
  const host = pid === process.pid ? "'127.0.0.1'" : "'0.0.0.0'"
  const script = program.replace('PORT', String(port)).replace('HOST', host)
  const options = { fds: [-1, write, 2], joins: [fd], parentDeathSignal: 9 }
  const server = spawn(process.execPath, [process.execPath, '-e', script], process.env, options)
  closeAll(fd, write)
  native().poll([read], [1], 5000)
  closeAll(read)
  return server
}

export function end(pid: number): void {
  native().kill(pid, 9)
  native().waitPid(pid, true)
}

export function connect(host: string, port: number, pid: number = process.pid): string {
  return node(`require('node:net').connect({ host: '${host}', port: ${port}, timeout: 700 }).on('data', (d) => console.log(String(d)))
    .on('error', (e) => console.log(e.code)).on('timeout', function () { console.log('TIMEOUT'); this.destroy() })`, pid)
}

export function ask(host: string, port: number, pid: number = process.pid, timeoutMs = 3000): string {
  return node(`require('node:dgram').createSocket('udp4').on('message', (m) => { console.log(String(m)); process.exit() })
    .send('hello', ${port}, '${host}'); setTimeout(() => process.exit(), ${timeoutMs})`, pid)
}

function node(program: string, pid: number): string {
  const fd = openNamespace(pid, 'net')
  const result = runProgram(process.execPath, ['-e', program], { joins: [fd], timeoutMs: 10_000 })
  closeAll(fd)
  return (result.stdout.toString('utf8') + result.stderr.toString('utf8')).trim()
}

function closeAll(...fds: number[]): void {
  for (const fd of fds) closeSync(fd)
}
