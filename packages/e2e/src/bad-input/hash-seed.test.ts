import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { startServer } from '../fixtures/registry.ts'
import { names, until } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()

for (const words of [['fetch'], ['run', '--net=none'], ['prepare']] as const) {
  story(`what strangers send to rkt ${words[0]} is read by a process whose hash seed nobody can foresee`, async () => {
    const { home } = stage
    let asked = false
    const server = await startServer(() => { asked = true })
    const running = home.start([...words, '--insecure-options=image,http', `docker://${server.host}/some/image:1`])
    try {
      await until('a question to the registry', () => asked)
      const options = readFileSync(`/proc/${running.pid}/cmdline`, 'latin1').split('\0')
      assert.ok(options.includes('--expose-gc'), `the launcher has started ${options.join(' ')}`)
      assert.ok(!options.includes('--no-rehash-snapshot'))
    } finally {
      process.kill(running.pid, 'SIGKILL')
      await running.ended
      await server.close()
    }
    await home.rkt(['gc', '--grace-period=0s'])
    assert.ok(names(`${home.data}/pods/prepare`).length <= 1, 'the beginning that was given up left a pod')
  })
}
