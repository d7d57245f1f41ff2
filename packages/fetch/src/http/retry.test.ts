import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { listen } from '../testing/serve-layout.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { backoffMs, defaultRetryPolicy, retryAfterMs } from './retry.ts'

const quick = { ...defaultRetryPolicy, baseMs: 1, longestMs: 4 }

function open(more: { deadline?: AbortSignal } = {}): HttpClient {
  return createHttpClient({ allowHttp: false, skipTlsVerify: false, retry: quick, ...more })
}

for (const [status, asked] of [[429, 5], [502, 5], [503, 5], [504, 5], [500, 1], [401, 1], [403, 1], [404, 1], [501, 1]] as const) {
  test(`asks ${asked === 1 ? 'once' : 'again'} where ${status} is the answer`, async (t) => {
    let count = 0
    const host = await listen(t, (_, response) => {
      count += 1
      response.writeHead(status).end()
    })
    const http = open()
    t.after(() => http.close())
    assert.equal((await http.get(`http://${host}/`)).status, status)
    assert.equal(count, asked)
  })
}

test('asks again after a connection that broke, and takes what comes then', async (t) => {
  let count = 0
  const host = await listen(t, (request, response) => {
    count += 1
    if (count < 3) request.socket.destroy()
    else response.end('there')
  })
  const http = open()
  t.after(() => http.close())
  assert.equal((await http.get(`http://${host}/`)).status, 200)
})

test('sends nothing twice that changes something', async (t) => {
  let count = 0
  const host = await listen(t, (_, response) => {
    count += 1
    response.writeHead(503).end()
  })
  const http = open()
  t.after(() => http.close())
  assert.equal((await http.send(`http://${host}/`, { method: 'POST' })).status, 503)
  assert.equal(count, 1)
})

test('waits as long as Retry-After says, and not for a server that wants hours', async (t) => {
  const times: number[] = []
  let after = '1'
  const host = await listen(t, (_, response) => {
    times.push(performance.now())
    response.writeHead(times.length === 2 ? 200 : 429, { 'retry-after': after }).end()
  })
  const http = open()
  t.after(() => http.close())
  await http.get(`http://${host}/`)
  assert.ok(times[1]! - times[0]! >= 990)
  after = '7200'
  assert.equal((await http.get(`http://${host}/`)).status, 429)
  assert.equal(times.length, 3)
})

test('a deadline ends whatever is under way, with its own reason', async (t) => {
  const host = await listen(t, () => {})
  const reason = new Error('enough')
  const controller = new AbortController()
  const http = open({ deadline: controller.signal })
  t.after(() => http.close())
  setTimeout(() => controller.abort(reason), 50)
  await assert.rejects(http.get(`http://${host}/`), (error) => isRocketError(error) && error.cause === reason)
})

test('waits grow, within bounds, and are not the same for everybody', () => {
  const waits = [1, 2, 3, 10].map((attempt) => backoffMs(defaultRetryPolicy, attempt))
  for (const [index, most] of [250, 500, 1000, 8000].entries()) assert.ok(waits[index]! <= most && waits[index]! >= most / 2, String(waits))
})

test('reads both forms of Retry-After', () => {
  assert.equal(retryAfterMs('3'), 3000)
  assert.ok(Math.abs(retryAfterMs(new Date(Date.now() + 5000).toUTCString())! - 5000) < 2000)
  assert.deepEqual([retryAfterMs(undefined), retryAfterMs('soon'), retryAfterMs('Mon, 01 Jan 2001 00:00:00 GMT')], [undefined, undefined, 0])
})
