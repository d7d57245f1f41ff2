import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const write = new URL('write.ts', import.meta.url).href

/** Runs a script whose standard output is a pipe; `reader` is a shell's. Node makes a pipe non-blocking when it is made a socket. */
function piped(body: string, reader: string): string {
  const script = `
    import net from 'node:net'
    import { writeError, writeOut } from '${write}'
    new net.Socket({ fd: 1 })
    ${body}
    process.exit(0)`
  return spawnSync('sh', ['-c', `"$0" --input-type=module --eval "$1" | { ${reader}; }`, process.execPath, script], {
    encoding: 'utf8', env: { ...process.env, ROCKET_NATIVE: '/nowhere' },
  }).stdout.trim()
}

test('an answer waits for its reader, without the native part', () => {
  assert.equal(piped(`writeOut('x'.repeat(1_000_000))`, 'sleep 0.2; wc -c'), '1000000')
})

test('a reader that is gone is no error', () => {
  assert.equal(piped(`for (let count = 0; count < 100; count++) writeOut('y\\n'.repeat(1000))`, 'head -1'), 'y')
})
