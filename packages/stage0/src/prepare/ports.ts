import { RocketError, type NormalisedApp, type PortRequest, type PublishedPort } from '@rocket/contracts'
import type { Notes } from './notes.ts'

const anyIp = '0.0.0.0'

/** Each published port with the app and port behind its name, in rkt's words where there is none, or more than one. */
export function planPorts(
  requests: readonly PortRequest[], apps: readonly { app: string; ports: NormalisedApp['ports'] }[], notes: Notes,
): PublishedPort[] {
  const planned: PublishedPort[] = []
  for (const request of requests) {
    const port = planPort(request, apps)
    const other = planned.find((one) => clashes(one, port))
    if (other !== undefined) {
      throw new RocketError('PORT_CONFLICT', {
        what: `port ${JSON.stringify(port.name)} cannot be published`,
        why: `port ${port.protocol}-${port.hostIp ?? anyIp}:${port.hostPort} already mapped to pod port ${other.podPort}`,
      })
    }
    notes.need('ports', '--port')
    planned.push(port)
  }
  return planned
}

function planPort(request: PortRequest, apps: readonly { app: string; ports: NormalisedApp['ports'] }[]): PublishedPort {
  const { name, hostPort, hostIp } = request
  const found = apps.flatMap(({ app, ports }) => ports.filter((port) => port.name === name).map((port) => ({ app, ...port })))
  const [one, second] = found
  if (one === undefined) {
    throw new RocketError('PORT_NOT_FOUND', {
      what: `--port=${name}:${hostPort} cannot be published`, why: `port name ${JSON.stringify(name)} could not be found in any apps`,
      hint: whatToPublish(request, apps.flatMap(({ ports }) => ports)),
    })
  }
  if (second !== undefined) {
    throw new RocketError('PORT_AMBIGUOUS', {
      what: `--port=${name}:${hostPort} cannot be published`, why: `port name ${JSON.stringify(name)} defined multiple apps`,
      hint: `these have it: ${found.map(({ app }) => app).join(', ')}`,
    })
  }
  const protocol = one.protocol
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw new RocketError('PORT_NOT_FOUND', {
      what: `--port=${name}:${hostPort} cannot be published`,
      why: `its protocol is ${JSON.stringify(protocol)}, only tcp and udp are forwarded`, hint: 'leave it out, or use --net=host',
    })
  }
  return { name, app: one.app, protocol, podPort: one.port, hostPort, ...(hostIp === undefined ? {} : { hostIp }) }
}

/** The flag as it could be, with the port that was most likely meant: people write the number. */
function whatToPublish({ name, hostPort, hostIp }: PortRequest, ports: NormalisedApp['ports']): string {
  const meant = ports.find((port) => String(port.port) === name) ?? ports[0]
  if (meant === undefined) return 'the images of this pod name no ports: EXPOSE them where the images are made, or use --net=host'
  const others = ports.filter((port) => port !== meant).map((port) => port.name)
  const flag = `--port=${meant.name}:${hostIp === undefined ? '' : `${hostIp}:`}${hostPort}`
  return others.length === 0 ? flag : `${flag}; the images also name ${others.join(', ')}`
}

/** All addresses clash with each one. */
function clashes(a: PublishedPort, b: PublishedPort): boolean {
  if (a.protocol !== b.protocol || a.hostPort !== b.hostPort) return false
  const [ipA, ipB] = [a.hostIp ?? anyIp, b.hostIp ?? anyIp]
  return ipA === ipB || ipA === anyIp || ipB === anyIp
}
