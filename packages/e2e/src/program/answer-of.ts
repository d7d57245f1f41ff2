import { connect } from 'node:net'

/** What a server says to a greeting until it, or our patience, ends; undefined when nobody answers. */
export function answerOf(host: string, port: number, greeting = ''): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(port, host).setTimeout(2000).setEncoding('utf8')
    socket.on('data', (text: string) => { said += text }).on('close', () => resolve(said === '' ? undefined : said))
    socket.on('error', () => {}).on('timeout', () => socket.destroy())
    if (greeting !== '') socket.write(greeting)
  })
}
