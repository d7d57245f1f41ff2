import assert from 'node:assert/strict'
import { readlinkSync } from 'node:fs'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { clause, factsOf, shell, withPod } from './clause.ts'

const report = 'for name in pid net ipc uts mnt; do echo $name=$(readlink /proc/self/ns/$name); done; echo hostname=$(hostname)'
const host = (name: string): string => readlinkSync(`/proc/self/ns/${name}`)

/** What is the pod's own, and what its apps share. */
export function testNamespaces(flavor: FlavorUnderTest): void {
  clause(flavor, "the pod's process table, network, IPC and host name are its own", ['namespace-pid', 'network-none', 'hostname'], () => {
    const script = `${report}; ifconfig -a | grep -c ^[a-z]; ps | wc -l`
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell(script) }], start: { hostname: 'told', network: { mode: 'none' } },
    }, ({ output }) => {
      const facts = factsOf(output)
      for (const name of ['pid', 'net', 'ipc', 'uts']) assert.notEqual(facts[name], host(name), `${name} is not the host's`)
      assert.equal(facts['hostname'], 'told')
      const [interfaces = '', processes = ''] = output.trim().split('\n').slice(-2)
      assert.equal(interfaces, '1', 'lo is the only interface')
      assert.ok(Number(processes) < 10, 'the processes of the host are not seen')
    })
  })

  clause(flavor, 'the apps of a pod share its namespaces', ['apps-many', 'namespace-pid'], () => {
    const apps = [
      { name: 'one', exec: shell(`${report} | sed s/^/1/; sleep 0.3`) },
      { name: 'two', exec: shell('sleep 0.1; for name in pid net ipc uts; do echo $name=$(readlink /proc/self/ns/$name); done') },
    ]
    withPod(flavor, {
      apps: [
        { ...apps[0]!, exec: shell('for name in pid net ipc uts; do echo one-$name=$(readlink /proc/self/ns/$name); done; sleep 0.3') },
        apps[1]!,
      ],
    }, ({ output }) => {
      const facts = factsOf(output)
      for (const name of ['pid', 'net', 'ipc', 'uts']) assert.equal(facts[name], facts[`one-${name}`], name)
    })
  })

  clause(flavor, "with the host's network the app has the host's", ['network-host'], () => {
    withPod(
      flavor, { apps: [{ name: 'one', exec: shell(report) }], start: { network: { mode: 'host' } } },
      ({ output }) => assert.equal(factsOf(output)['net'], host('net')),
    )
  })

  clause(flavor, "with the parent's IPC the app has the host's", ['ipc-parent'], () => {
    withPod(
      flavor, { apps: [{ name: 'one', exec: shell(report) }], start: { ipc: 'parent' } },
      ({ output }) => assert.equal(factsOf(output)['ipc'], host('ipc')),
    )
  })

  clause(flavor, 'mounts are private: the app is not in the mount namespace of the host', [], () => {
    withPod(flavor, { apps: [{ name: 'one', exec: shell(report) }] }, ({ output }) => assert.notEqual(factsOf(output)['mnt'], host('mnt')))
  })
}
