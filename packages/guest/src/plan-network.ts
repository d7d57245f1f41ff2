import type { GuestPod } from '@rocket/contracts/guest'

/** An interface as the guest has it: its name and address. */
export interface Link {
  name: string
  mac: string
}

export interface NetworkPlan {
  /** For one shell, in order. */
  commands: string[]
  problems: string[]
}

/**
 * Gives each interface the name, addresses and routes that the pod's network has outside. It is found by its hardware address; one that
 * is not there is a problem, and the pod runs without. Routes come last: the way to one may lead over another interface.
 */
export function planNetwork(network: GuestPod['network'], links: readonly Link[]): NetworkPlan {
  const plan: NetworkPlan = { commands: [], problems: [] }
  const present = network.interfaces.flatMap((wanted, index) => {
    const link = links.find((one) => one.mac === wanted.mac)
    if (link === undefined) plan.problems.push(`no interface has the address ${wanted.mac}, which ${wanted.name} should have`)
    return link === undefined ? [] : [{ wanted, link, aside: `rocket${index}` }]
  })
  // Two may swap their names.
  for (const { link, aside } of present) plan.commands.push(`ip link set ${link.name} down`, `ip link set ${link.name} name ${aside}`)
  for (const { wanted, aside } of present) {
    plan.commands.push(`ip link set ${aside} name ${wanted.name}`)
    if (wanted.mtu !== undefined) plan.commands.push(`ip link set ${wanted.name} mtu ${wanted.mtu}`)
    // Somebody outside has given the addresses, and an app may use them at once.
    if (wanted.addresses.some((address) => address.includes(':'))) plan.commands.push(`echo 0 > /proc/sys/net/ipv6/conf/${wanted.name}/accept_dad`)
    for (const address of wanted.addresses) plan.commands.push(`ip addr add ${address} dev ${wanted.name}`)
    plan.commands.push(`ip link set ${wanted.name} up`)
  }
  for (const { wanted } of present) {
    for (const { to, via } of wanted.routes) plan.commands.push(`ip route replace ${to}${via === undefined ? '' : ` via ${via}`} dev ${wanted.name}`)
  }
  return plan
}
